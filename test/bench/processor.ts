import { execa } from 'execa';

interface Started {
  env: Record<string, string>;
  cwd?: string;
  /** Its standard input. */
  input?: string;
}

/** The user and system time of Node with these arguments and of all that it starts, as reported by bash, in milliseconds. */
export async function processorMs(args: readonly string[], { env, cwd, input = '' }: Started): Promise<number> {
  const script = `TIMEFORMAT='%3U %3S'; time "$@" > /dev/null`;
  const { stderr } = await execa('bash', ['-c', script, 'bash', process.execPath, ...args], {
    env,
    input,
    reject: false,
    ...(cwd !== undefined && { cwd }),
  });
  const seconds = stderr.trim().split('\n').at(-1)!.split(' ').map(Number);
  return Math.round(seconds.reduce((sum, each) => sum + each, 0) * 1_000);
}
