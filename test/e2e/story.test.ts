import { jest } from '@jest/globals';
import { pathWithCodex } from '../support/agents/fake-codex.ts';
import { program } from '../support/programs.ts';
import { cli, TestStack } from '../support/stack.ts';

jest.setTimeout(240_000);

it('gatehouse demo plays the whole story with a scripted person, and leaves no process behind [A-249]', async () => {
  const stack = await TestStack.create();
  try {
    const { exitCode, stdout, stderr } = await program(process.execPath, [cli, 'demo', '--unattended'], {
      env: { ...stack.environment, SAMPLE_PACE_MS: '0' },
      reject: false,
    });
    expect(`${stdout}\n${stderr}`).toContain('Everything went as expected.');
    expect(exitCode).toBe(0);
    expect(await stack.processes(stack.home)).toEqual([]);
  } finally {
    await stack.remove();
  }
});

it('gatehouse demo --agent has a coding agent play every role by its preset, and says what it has used', async () => {
  const stack = await TestStack.create();
  try {
    const path = await pathWithCodex(stack.home);
    const { exitCode, stdout, stderr } = await program(
      process.execPath,
      [cli, 'demo', '--unattended', '--agent', 'codex'],
      { env: { ...stack.environment, PATH: path, FAKE_CODEX: 'shop' }, reject: false },
    );
    expect(`${stdout}\n${stderr}`).toContain('Everything went as expected.');
    expect(stdout).toMatch(/^codex has used: [\d,]+ tokens in, [\d,]+ tokens out, cost unknown$/m);
    expect(exitCode).toBe(0);
    expect(await stack.processes(stack.home)).toEqual([]);
  } finally {
    await stack.remove();
  }
});
