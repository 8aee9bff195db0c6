import { commandOf, type Command } from '../../../../../activities/adapters/hosted/pull-request/command.ts';

const action = (name: string, fields: object = {}) => ({ is: 'action', action: name, fields }) as Command;

const cases: [string, Command | undefined][] = [
  ['/gatehouse confirm', action('confirm')],
  ['/gatehouse confirm\n', action('confirm')],
  ['/gatehouse Confirm', action('confirm')],
  ['/gatehouse confirm   works for me', action('confirm', { note: 'works for me' })],
  ['/gatehouse request-fix The total is wrong.', action('requestFix', { findings: 'The total is wrong.' })],
  [
    '/gatehouse request-fix The total is wrong.\r\n\r\n- and so is the tax\r\n',
    action('requestFix', { findings: 'The total is wrong.\n\n- and so is the tax' }),
  ],
  ['/gatehouse request-fix\nIt is wrong.', action('requestFix', { findings: 'It is wrong.' })],
  ['/gatehouse request-fix', action('requestFix')],
  ['/gatehouse stop', action('stop')],
  ['/gatehouse stop no longer needed', action('stop', { reason: 'no longer needed' })],
  ['/gatehouse restart-from 3', action('restartFrom', { step: 3 })],
  ['/gatehouse restart-from three', action('restartFrom', { step: 'three' })],
  [
    '/gatehouse answer-finding f-1 It is meant so.',
    action('answerFinding', { finding: 'f-1', reply: 'It is meant so.' }),
  ],
  [
    '/gatehouse decide 1-coder/decision-1 the second',
    action('decide', { decision: '1-coder/decision-1', choice: 'the second' }),
  ],
  // An edited proposal is never typed by mistake.
  ['/gatehouse approve looks good', action('approve', { note: 'looks good' })],
  ['/gatehouse ship-it now', { is: 'unknown', word: 'ship-it' }],
  ['/gatehouse', undefined],
  ['/gatehouseconfirm', undefined],
  ['Please do\n/gatehouse confirm', undefined],
  ['> /gatehouse confirm', undefined],
  ['`/gatehouse confirm`', undefined],
  ['```\n/gatehouse confirm\n```', undefined],
  [' /gatehouse confirm', undefined],
  ['/gatehouse\nconfirm', undefined],
  ['', undefined],
];

it.each(cases)('%j', (body, command) => expect(commandOf(body)).toEqual(command));
