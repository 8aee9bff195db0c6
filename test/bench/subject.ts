import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Effects, Told } from './effects.ts';

/** The resources that a process has used since its start. */
export interface Usage {
  rssBytes: number;
  cpuMs: number;
  at: number;
}

type Said = { is: 'ready' } | Told | { usage: Usage };

/** One of the compared subjects, as a separate process that reports its effects and its resource usage. */
export class Subject {
  private child: ChildProcess | undefined;
  private asking: ((usage: Usage) => void)[] = [];

  constructor(
    private readonly options: {
      name: string;
      main: string;
      environment: NodeJS.ProcessEnv;
      log: string;
      effects: Effects;
      /** Flags of Node, such as those of its profiler. */
      flags?: string[];
    },
  ) {}

  /** Returns once it accepts work. */
  async start(): Promise<void> {
    const { main, environment, log, flags = [] } = this.options;
    const output = openSync(log, 'a');
    const loader = main.endsWith('.ts') ? ['--import', import.meta.resolve('tsx')] : [];
    const child = fork(main, {
      execArgv: [...flags, ...loader],
      env: environment,
      stdio: ['ignore', output, output, 'ipc'],
    });
    closeSync(output);
    this.child = child;
    await new Promise<void>((resolve, reject) => {
      child.on('message', (said: Said) => this.hear(said, resolve));
      child.once('error', reject);
      child.once('exit', (code, signal) =>
        reject(new Error(`${this.options.name} ended (${signal ?? `exit ${code}`}): see ${log}`)),
      );
    });
  }

  usage(): Promise<Usage> {
    const answer = new Promise<Usage>((resolve) => this.asking.push(resolve));
    this.child!.send({ ask: 'usage' });
    return answer;
  }

  send = (message: object): void => void this.child!.send(message);

  kill = () => this.end('SIGKILL');
  stop = () => this.end('SIGTERM');

  private hear(said: Said, ready: () => void): void {
    if ('is' in said) ready();
    else if ('usage' in said) this.asking.shift()?.(said.usage);
    else this.options.effects.hear(said);
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    const insist = setTimeout(() => child.kill('SIGKILL'), 40_000);
    await gone;
    clearTimeout(insist);
  }
}
