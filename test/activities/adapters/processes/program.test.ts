import { execa } from 'execa';
import { runProgram } from '../../../../activities/adapters/processes/program.ts';
import { until } from '../../../support/until.ts';

const PATH = process.env['PATH']!;
const run = (program: string, args: string[], over: Partial<Parameters<typeof runProgram>[2]> = {}) =>
  runProgram(program, args, { cwd: '/', env: { PATH }, limitMs: 60_000, ...over });
const sh = (script: string, over?: Parameters<typeof run>[2]) => run('/bin/sh', ['-c', script], over);

/** The process that has started this one. */
const parentOf = async (pid: number): Promise<number> =>
  Number((await execa('ps', ['-o', 'ppid=', '-p', String(pid)])).stdout);

describe('a program', () => {
  it('gets its input, and returns both outputs and its exit code', async () => {
    const end = await sh('cat; echo oops >&2; exit 3', { input: 'hello\n' });
    expect(end).toEqual({ stdout: 'hello', stderr: 'oops\n', code: 3, signal: undefined, timedOut: false });
  });

  it('gets and returns bytes unchanged', async () => {
    const bytes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
    expect((await run('cat', [], { input: bytes, encoding: 'latin1' })).stdout).toBe(bytes);
  });

  it.each([
    ['has no such program', () => run('no-such-program', [])],
    ['has no such folder', () => run('true', [], { cwd: '/no/such/folder' })],
  ])('throws if it %s', (_, act) => expect(act()).rejects.toMatchObject({ code: 'ENOENT' }));

  it('is ended with its group at its limit, and if it ignores SIGTERM', async () => {
    const end = await sh("trap '' TERM; sleep 600 & echo begun; wait; sleep 600", { limitMs: 500 });
    expect(end).toMatchObject({ code: undefined, signal: 'SIGKILL', timedOut: true });
  });

  it('is ended when its caller aborts, which throws the reason', async () => {
    const controller = new AbortController();
    const ended = sh('sleep 600', { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(ended).rejects.toThrow('enough');
  });

  it('ends with its launcher, and the next program gets a new launcher', async () => {
    const seconds = 100_000 + process.pid; // no other test sleeps as long
    const running = sh(`exec sleep ${seconds}`);
    running.catch(() => undefined);
    const found = await until('the program runs', async () => {
      const { stdout } = await execa('pgrep', ['-f', `^sleep ${seconds}$`], { reject: false });
      return stdout.split('\n').filter(Boolean).map(Number)[0];
    });
    const launcher = await parentOf(found);
    process.kill(launcher, 'SIGKILL');
    await expect(running).rejects.toThrow('The process that starts programs has ended.');
    await until('the program has ended', () => {
      try {
        return process.kill(found, 0) && undefined;
      } catch {
        return true;
      }
    });
    const { stdout, code } = await sh('echo $PPID');
    expect(code).toBe(0);
    expect(Number(stdout)).not.toBe(launcher);
  });
});
