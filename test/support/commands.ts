import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('commands.mjs', import.meta.url));

export interface Printed {
  code: number;
  stdout: string;
  stderr: string;
}

/** A process that carries out commands of gatehouse, each with an environment of its own. */
export class Commands {
  private process: ChildProcess | undefined;
  private readonly pending = new Map<number, { resolve(printed: Printed): void; reject(failure: Error): void }>();
  private count = 0;

  run(argv: string[], env: NodeJS.ProcessEnv): Promise<Printed> {
    const process = (this.process ??= this.started(env));
    const id = ++this.count;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      process.send({ id, argv, env }, (failure) => failure && reject(failure));
    });
  }

  /** Ends the process. The next command starts another one. */
  end(): void {
    this.process?.disconnect();
    this.process = undefined;
  }

  private started(env: NodeJS.ProcessEnv): ChildProcess {
    const started = fork(PROGRAM, { env, execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    started.on('message', ({ id, ...printed }: Printed & { id: number }) => {
      this.pending.get(id)?.resolve(printed);
      this.pending.delete(id);
    });
    started.once('exit', (code, signal) => {
      for (const { reject } of this.pending.values()) reject(new Error(`The commands ended: ${signal ?? code}`));
      this.pending.clear();
      if (this.process === started) this.process = undefined;
    });
    return started;
  }
}
