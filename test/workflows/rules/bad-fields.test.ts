import { badFields, fieldsMessage, found } from '../../../workflows/contracts/bad-fields.ts';
import { readVariables } from '../../../worker/configuration/variables.ts';
import { RunInput } from '../../../workflows/gates/index.ts';
import { wish } from '../../support/builders.ts';

const reported = (input: unknown): string => fieldsMessage(badFields(RunInput.safeParse(input).error!, input));
const coder = wish({ kind: 'coder' });

describe('a message about bad input names what was expected and what was found', () => {
  it.each([
    [undefined, 'input: expected object, found nothing'],
    [['x'], 'input: expected object, found a list of 1'],
    [wish({ kind: 'ci', attempts: 'ten' }), "pipeline.steps[0].attempts: expected number, found 'ten'"],
    [{ ...coder, policy: { maxRisk: 2 } }, 'policy.maxRisk: expected at most 1, found 2'],
    [{ ...coder, policy: { reconfirm: 'all' } }, "policy.reconfirm: expected one of foreign, any, found 'all'"],
    [{ ...coder, startedBy: 5 }, 'startedBy: expected string, found 5'],
    [{ ...coder, startedBy: '' }, "startedBy: expected at least 1 character, found ''"],
    [{ ...coder, task: { ...coder.task, dependents: 'X' } }, "task.dependents: expected array, found 'X'"],
    [
      { ...coder, change: { repository: '/r', branch: '../x' } },
      "change.branch: expected a branch name as git allows it, found '../x'",
    ],
    [{ ...coder, tsk: 1 }, 'tsk: no such key here'],
  ])('%j', (input, message) => {
    expect(reported(input)).toBe(message);
  });

  it.each([
    ['cdoer', /^pipeline\.steps\[0\]\.kind: expected a step with a kind, one of .*, found 'cdoer'$/],
    [undefined, /^pipeline\.steps\[0\]\.kind: .*, found nothing$/],
  ])('a step of kind %j', (kind, message) => {
    expect(reported(wish({ kind } as never))).toMatch(message);
  });
});

describe('the value in a message is short, on one line, and contains no password', () => {
  it.each([
    ['a\n\x1b[31mb\u202e', "'a [31mb'"],
    ['x'.repeat(500), `'${'x'.repeat(80)}…'`],
    ['https://ana:geheim@git.example/shop', "'https://…@git.example/shop'"],
    ['half \ud83d', "'half \ufffd'"],
    [null, 'null'],
    [{ a: 1 }, 'an object'],
  ])('%j is shown as %s', (value, shown) => {
    expect(found(value)).toBe(shown);
  });

  it.each([
    ['GATEHOUSE_CODEC_KEYS', 'k1:verysecret'],
    ['GATEHOUSE_WEBHOOK_SECRET', 'secret'],
    ['GATEHOUSE_WEBHOOK_URL', 'ftp://hooks.example/secret'],
  ])('%s is named without its value', (name, value) => {
    expect(() => readVariables({ [name]: value })).toThrow(name);
    expect(() => readVariables({ [name]: value })).not.toThrow(/secret/);
  });
});
