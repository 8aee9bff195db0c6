import { spawn, type ChildProcess } from 'node:child_process';

/**
 * A small process that starts programs for this one. Starting a program copies the page tables of the process that starts
 * it, which takes 1 ms in a small process and 20 ms and more in one with hundreds of megabytes.
 */
const SOURCE = `
const { spawn } = require('node:child_process');
process.title = 'gatehouse launcher';
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
const running = new Map();

function begin({ id, program, args, cwd, env, input, most, graceMs, reports }) {
  const child = spawn(program, args, { cwd, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  child.once('error', ({ message, code, errno, syscall, path }) => {
    if (child.pid === undefined) tell({ id, failed: { message, code, errno, syscall, path } });
  });
  if (child.pid === undefined) return;
  const signal = (name) => { try { process.kill(-child.pid, name); } catch {} };
  let timer;
  const end = () => {
    if (timer) return;
    signal('SIGTERM');
    timer = setTimeout(() => {
      signal('SIGKILL');
      timer = setTimeout(() => over(undefined, 'SIGKILL'), graceMs);
    }, graceMs);
  };
  let said;
  const report = (chunk) => {
    if (said === undefined) setTimeout(() => {
      if (running.has(id)) tell({ id, said });
      said = undefined;
    }, 500);
    said = chunk.toString('utf8').slice(-1000);
  };
  const [out, err] = [child.stdout, child.stderr].map((pipe) => {
    const read = { chunks: [], bytes: 0 };
    pipe.on('data', (chunk) => {
      if (reports) report(chunk);
      read.bytes += chunk.length;
      if (read.bytes <= most) read.chunks.push(chunk);
      else end();
    });
    return read;
  });
  const over = (code, by) => {
    if (!running.delete(id)) return;
    if (timer) signal('SIGKILL');
    clearTimeout(timer);
    for (const pipe of child.stdio) pipe.destroy();
    const tooMuch = out.bytes > most || err.bytes > most;
    tell({ id, ended: { code, by, tooMuch, out: Buffer.concat(out.chunks), err: Buffer.concat(err.chunks) } });
  };
  running.set(id, { end, reports });
  tell({ id, pid: child.pid });
  child.once('close', (code, by) => over(code ?? undefined, by ?? undefined));
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
}

const tell = (message) => process.connected && process.send(message, () => undefined);
process.on('message', (message) => {
  if (message.end) running.get(message.id)?.end();
  else begin(message);
});
process.on('disconnect', () => {
  for (const { end, reports } of running.values()) if (reports) end();
});
`;

/** How long a launcher without work is kept, in milliseconds. */
const IDLE_MS = 10_000;

export interface Launch {
  program: string;
  args: readonly string[];
  cwd: string;
  env: Record<string, string>;
  input: Buffer;
  /** How many bytes of each output stream are kept. A program that prints more is ended. */
  most: number;
  /** The time from SIGTERM to SIGKILL, and from SIGKILL until the program's pipes are abandoned, in milliseconds. */
  graceMs: number;
  /**
   * Whether the program's output is reported while it runs. Such a program may run for hours, so it ends when this process
   * dies. Others end by themselves soon, and killing them would only leave locks behind.
   */
  reports?: boolean | undefined;
}

export interface Ended {
  code?: number | undefined;
  by?: string | undefined;
  tooMuch: boolean;
  out: Uint8Array;
  err: Uint8Array;
}

interface Pending {
  launch: Launch;
  pid?: number;
  said?: ((text: string) => void) | undefined;
  resolve(ended: Ended): void;
  reject(failure: Error): void;
}

type Said = { id: number } & ({ pid: number } | { said: string } | { failed: { message: string } } | { ended: Ended });

/** Starts programs through its process. */
class Launcher {
  private process: ChildProcess | undefined;
  private readonly pending = new Map<number, Pending>();
  private count = 0;
  private idle: NodeJS.Timeout | undefined;

  /**
   * Returns the end of the program, and a function that ends its process group. `said` gets the newest output twice a
   * second, as long as there is any.
   */
  launch(launch: Launch, said?: (text: string) => void): { ended: Promise<Ended>; end(): void } {
    const id = ++this.count;
    const ended = new Promise<Ended>((resolve, reject) => this.pending.set(id, { launch, said, resolve, reject }));
    this.send({ id, ...launch, reports: said !== undefined });
    return { ended, end: () => this.send({ id, end: true }) };
  }

  private send(message: { id: number } & (Launch | { end: true })): void {
    clearTimeout(this.idle);
    const process = (this.process ??= this.started());
    process.ref();
    process.channel?.ref();
    process.send(message, () => undefined); // a failure shows as the exit of the process
  }

  private started(): ChildProcess {
    const started = spawn(process.execPath, ['-e', SOURCE], {
      cwd: '/',
      env: {},
      detached: true,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    started.on('message', (said) => this.heard(said as Said));
    const gone = (failure: Error) => this.lost(started, failure);
    started.once('error', gone);
    started.once('exit', () => gone(new Error('The process that starts programs has ended.')));
    return started;
  }

  private heard(said: Said): void {
    const pending = this.pending.get(said.id);
    if (!pending) return;
    if ('pid' in said) {
      pending.pid = said.pid;
      return;
    }
    if ('said' in said) {
      pending.said?.(said.said);
      return;
    }
    this.pending.delete(said.id);
    if ('ended' in said) pending.resolve(said.ended);
    else pending.reject(Object.assign(new Error(said.failed.message), said.failed));
    if (this.pending.size === 0) this.rest();
  }

  /** Neither a launcher without work nor its timer keeps this process alive. */
  private rest(): void {
    const { process } = this;
    process?.unref();
    process?.channel?.unref();
    this.idle = setTimeout(() => {
      this.process = undefined;
      process?.disconnect();
    }, IDLE_MS).unref();
  }

  /** Nobody observes the programs of a launcher that has died, so they are ended. */
  private lost(process: ChildProcess, failure: Error): void {
    if (this.process !== process) return;
    this.process = undefined;
    const pending = [...this.pending.values()];
    this.pending.clear();
    for (const { pid, reject } of pending) {
      if (pid !== undefined) endGroup(pid);
      reject(failure);
    }
  }

  /** Ends all programs, when this process exits. */
  endAll(): void {
    for (const { pid } of this.pending.values()) if (pid !== undefined) endGroup(pid);
  }
}

export const launcher = new Launcher();
process.once('exit', () => launcher.endAll());

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}
