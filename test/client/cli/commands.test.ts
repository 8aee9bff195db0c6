import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { Command } from 'commander';
import { Usage } from '../../../client/cli/exit-codes.ts';
import { exitCodeOf } from '../../../client/cli/failures.ts';
import { workflowIdOf } from '../../../client/cli/context.ts';
import { main } from '../../../client/cli/main.ts';
import { COMMANDS } from '../../../client/cli/command-list.ts';
import { wordsAsTyped } from '../../../client/cli/words-as-typed.ts';
import { commandFor } from '../../../client/cli/texts/words.ts';
import { kebab, POSITIONAL } from '../../../workflows/contracts/text/typing.ts';
import { invocationOf } from '../../../client/invocation.ts';
import { InvalidInput, LiveRun, NotFound, NothingToRetry, Refused, Unreachable } from '../../../client/errors.ts';
import { actionNames, actions } from '../../../workflows/contracts/messages.ts';
import { BadVariables } from '../../../worker/configuration/variables.ts';
import { program } from '../../support/programs.ts';

describe('RUN', () => {
  it.each([
    ['PAY-142', 'run/default/PAY-142'],
    ['shop/PAY-142', 'run/shop/PAY-142'],
    ['run/shop/PAY-142', 'run/shop/PAY-142'],
    ['run/run/run', 'run/run/run'],
  ])('accepts %s as %s', (written, workflowId) => {
    expect(workflowIdOf(written)).toBe(workflowId);
  });

  it.each(['', '/', 'a/', '/a', 'env/shop/PAY-142', 'run/a/b/c', '../a', 'a b', 'a.lock'])('refuses %j', (written) => {
    expect(() => workflowIdOf(written)).toThrow(Usage);
  });
});

it.each([
  [new Refused('not_offered', 'no'), 3],
  [new Refused('stale', 'no'), 3],
  [new Refused('closed', 'no'), 3],
  [new Refused('invalid', 'no'), 2],
  [new LiveRun('run/a/b'), 3],
  [new NothingToRetry('run/a/b'), 3],
  [new InvalidInput([{ path: 'a', expected: 'b' }]), 2],
  [new BadVariables('x'), 2],
  [new Usage('x'), 2],
  [new Unreachable('x'), 4],
  [new NotFound('x'), 1],
  [new Error('x'), 1],
])('%s has its own exit code', (failure, code) => {
  expect(exitCodeOf(failure)).toBe(code);
});

describe('commands of actions', () => {
  it.each(Object.entries(POSITIONAL))('the argument of %s is one of its fields', (name, field) => {
    expect(Object.keys(actions[name as keyof typeof actions].input.shape)).toContain(field);
  });

  const run = {
    workflowId: 'run/default/PAY-1',
    task: { id: 'PAY-1', title: 'T', type: 'feature' as const },
    current: null,
  };

  it.each([
    ['confirm', 'npx gatehouse confirm PAY-1'],
    ['requestFix', `npx gatehouse request-fix PAY-1 'What is wrong.'`],
    ['resolveCap', 'npx gatehouse resolve-cap PAY-1 extra-round'],
    ['restartFrom', 'npx gatehouse restart-from PAY-1 1'],
    ['dismissFinding', 'npx gatehouse dismiss-finding PAY-1 --finding f-1'],
  ] as const)('the command for %s is ready to paste', (name, command) => {
    expect(commandFor(name, run)).toBe(command);
  });

  it('contain a workspace other than the default, and the open decision', () => {
    const current = { decision: { id: '1-coder/decision-1', question: 'Which?', options: [`it's $(this)`] } };
    const asked = { ...run, workflowId: 'run/shop/PAY-1', current: current as never };
    expect(commandFor('decide', asked)).toBe(
      `npx gatehouse decide shop/PAY-1 --decision 1-coder/decision-1 --choice 'it'\\''s $(this)'`,
    );
  });
});

it.each([
  ['/srv/gatehouse/client/cli/gatehouse.mjs', '/srv/gatehouse', 'npx gatehouse'],
  ['/home/ana/shop/node_modules/.bin/gatehouse', '/home/ana/shop/node_modules/gatehouse-temporal', 'npx gatehouse'],
  ['/usr/local/bin/gatehouse', '/usr/local/lib/node_modules/gatehouse-temporal', 'gatehouse'],
  [
    '/home/ana/.npm/_npx/1f/node_modules/.bin/gatehouse',
    '/home/ana/.npm/_npx/1f/node_modules/gatehouse-temporal',
    'npx gatehouse-temporal',
  ],
])('when called as %s, it suggests commands that work there', (script, home, typed) => {
  expect(invocationOf(script, home)).toBe(typed);
});

describe('without a server', () => {
  let said = '';
  beforeEach(() => {
    said = '';
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => (said += String(text)) !== '');
  });
  afterEach(() => jest.restoreAllMocks());
  const gatehouse = (...words: string[]) => main(['node', 'gatehouse', ...words]);

  it.each(['--version', '-V'])('%s prints the package’s version and the commit', async (option) => {
    expect(await gatehouse(option)).toBe(0);
    expect(said).toMatch(/^\d+\.\d+\.\d+( \([0-9a-f]{7,}(-dirty)?\))?\n$/);
  });

  it.each(['bash', 'zsh', 'fish'])('the completion for %s contains every command and its options', async (shell) => {
    expect(await gatehouse('completion', shell)).toBe(0);
    for (const { usage } of COMMANDS) expect(said).toContain(usage.split(' ')[0]);
    expect(said).toMatch(shell === 'fish' ? /-l pull-request -r/ : /--pull-request/);
  });

  describe('config', () => {
    let home: string;
    beforeEach(async () => void (home = await mkdtemp(path.join(tmpdir(), 'gatehouse-config-'))));
    afterEach(() => rm(home, { recursive: true, force: true }));
    const write = async (text: string) => {
      const file = path.join(home, 'own.yml');
      await writeFile(file, text);
      return file;
    };

    it('check accepts a good file', async () => {
      const file = await write('signIn: [codex]\n');
      expect([await gatehouse('config', 'check', file), said]).toEqual([0, `${file}: ok\n`]);
    });

    it('check names every fault by line and path, and exits with 2', async () => {
      const file = await write('signIn: [codec]\npools: {}\n');
      expect(await gatehouse('config', 'check', file)).toBe(2);
      expect(said.split('\n')).toEqual([
        `${file}:1: signIn[0]: expected one of claude-code, codex, gemini, opencode, found 'codec'`,
        `${file}:2: pools: not there yet: expected no such key, found an object`,
        '',
      ]);
    });

    it('check prints JSON for programs', async () => {
      const file = await write('x: 1\n');
      expect(await gatehouse('config', 'check', file, '--json')).toBe(2);
      const faults = [{ path: 'x', line: 1, expected: 'expected no such key here, found 1' }];
      expect(JSON.parse(said)).toEqual({ file, ok: false, faults });
    });

    it('check refuses a file that is not there', async () => {
      expect(await gatehouse('config', 'check', path.join(home, 'none.yml'))).toBe(2);
      expect(said).toContain('none.yml: expected a readable file, found that it is not there');
    });

    it.each([
      [[], ['defaults', 'notify', 'people', 'prices', 'repositories', 'roles', 'secrets', 'signIn']],
      [['--repository'], ['checks', 'environment', 'agents', 'release', 'ci', 'git']],
    ])('schema %j prints a JSON Schema', async (options, keys) => {
      expect(await gatehouse('config', 'schema', ...options)).toBe(0);
      expect(Object.keys(JSON.parse(said).properties)).toEqual(keys);
    });
  });

  it('the completion in bash offers the commands that match', async () => {
    await gatehouse('completion', 'bash');
    const offered = async (...words: string[]) => {
      const line = `COMP_WORDS=(gatehouse ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}`;
      const script = `${said}\n${line}; _gatehouse; echo "\${COMPREPLY[*]}"`;
      return (await program('bash', ['-c', script])).stdout;
    };
    expect(await offered('req')).toBe('request-fix request-changes request-recommendations');
    expect(await offered('list', '--w')).toBe('--waiting');
    expect(await offered('--json', 'list', '--s')).toBe('--status');
  });
});

describe('text that begins with a hyphen is not an option', () => {
  const program = new Command('gatehouse');
  program.command('request-fix <run> [findings]').option('--by <value>').option('--json');
  it.each([
    [
      ['request-fix', 'X', '-1 is shown'],
      ['request-fix', '--', 'X', '-1 is shown'],
    ],
    [
      ['request-fix', 'X', '-1 is shown', '--by', 'ana'],
      ['request-fix', '--by', 'ana', '--', 'X', '-1 is shown'],
    ],
    [
      ['--json', 'request-fix', 'X', '- one\n- two'],
      ['--json', 'request-fix', '--', 'X', '- one\n- two'],
    ],
    [
      ['request-fix', 'X', '--all of it is wrong'],
      ['request-fix', '--', 'X', '--all of it is wrong'],
    ],
    [
      ['request-fix', 'X', '-1'],
      ['request-fix', '--', 'X', '-1'],
    ],
    [['request-fix', 'X', 'fine', '--by', '-ana'], undefined],
    [['request-fix', 'X', '--bye', 'ana'], undefined],
    [['request-fix', 'X', '--by=ana b'], undefined],
    [['request-fix', 'X', '--', '-x'], undefined],
    [['nonsense', '-1 x'], undefined],
    [['--help'], undefined],
  ])('%j', (words, meant) => {
    expect(wordsAsTyped(program, words)).toEqual(meant ?? words);
  });
});

describe('wrong usage is reported before anything is sent', () => {
  const said: string[] = [];
  beforeEach(() => {
    said.length = 0;
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => said.push(String(text)) > 0);
    jest.spyOn(process.stderr, 'write').mockImplementation(() => true);
  });
  afterEach(() => jest.restoreAllMocks());
  const gatehouse = (...words: string[]) => main(['node', 'gatehouse', ...words, '--json']);

  it.each([
    [['nonsense'], 'unknown command'],
    [['list', '--nope'], 'unknown option'],
    [['list', '--status', 'happy'], '--status: expected one of running'],
    [['list', 'extra'], 'too many arguments'],
    [['confirm'], 'missing required argument'],
    [['confirm', 'a/b/c/d'], 'RUN: expected'],
    [['confirm', 'PAY-1', '--by', ''], 'by'],
    [['request-fix', 'PAY-1'], 'findings'],
    [['request-fix', 'PAY-1', '  '], 'findings'],
    [['resolve-cap', 'PAY-1', 'whatever'], 'choice'],
    [['restart-from', 'PAY-1', 'two'], `step: expected number, found 'two'`],
    [['request-changes', 'PAY-1', '--comments', 'no json'], '--comments: expected JSON'],
    [['retry', 'PAY-1', '--from', 'x'], '--from: expected'],
    [['watch', 'PAY-1', '--until', 'never'], '--until: expected parked'],
    [['output', 'PAY-1', 'x'], 'step: expected'],
    [['start', '--file', '/nowhere.json'], '--file: expected a JSON file'],
    [['replay', '/nowhere.json'], 'expected a file'],
    [['export'], 'expected a run, or one of --all, --live and --status'],
    [['export', 'PAY-1', '--all', '--to', 'x'], 'expected a run, or one of'],
    [['export', '--all'], '--to: expected a folder'],
    [['export', 'PAY-1', '--to', 'x'], '--to: expected a folder with'],
    [['export', '--live', '--to', 'x', '--output', 'y'], '--output: expected a single run'],
    [['export', '--status', 'happy', '--to', 'x'], 'Allowed choices are running'],
    [['simulate', '--file', '/nowhere.json'], '--file: expected a JSON file'],
    [['config', 'chekc'], `WHAT: expected check or schema, found 'chekc'`],
    [['config', 'schema', 'x.yml'], 'FILE: expected none with schema'],
    [['config', 'check', '--repository'], '--repository: expected it with schema only'],
    [['completion', 'tcsh'], 'shell: expected one of bash, zsh, fish'],
  ])('%j', async (words, sentence) => {
    expect(await gatehouse(...words)).toBe(2);
    const { error } = JSON.parse(said.join('')) as { error: { message: string } };
    expect(error.message).toContain(sentence);
  });

  it('there is a command for every action', async () => {
    for (const name of actionNames) {
      said.length = 0;
      expect(await gatehouse(kebab(name))).toBe(2);
      expect(said.join('')).toContain('missing required argument');
    }
  });
});
