import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { isChatter } from '../presets/logs.ts';

/** How long a program has from SIGTERM to SIGKILL, in milliseconds. */
const GRACE_MS = 1_000;
/** How long the rest of its output is waited for once it has ended, in milliseconds. */
const DRAIN_MS = 100;
/** How much of its standard error is kept, in characters. */
const KEPT = 4_000;

/**
 * A shell that becomes the program, so that signals reach it. A command that is more than one program stays below the shell.
 */
export const shellCommand = (command: string): string[] => {
  const isPlain = !/[;&|<>()`\n#{}!]|^\s*\w+=|^\s*exec\b/.test(command);
  return ['/bin/sh', '-c', `${isPlain ? 'exec ' : ''}${command} "$@"`, 'sh'];
};

/** Lines that say nothing to people. */
const STACK = /^\s+at \S|^\s*\^+\s*$|^Node\.js v\d/;

interface Starting {
  program: readonly string[];
  cwd: string;
  env: NodeJS.ProcessEnv;
  /** One line of its standard error. */
  complain(line: string): void;
}

/** A running agent. It stays in our process group, so whoever ends that ends it too. */
export class AgentProgram {
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves with why it ended, once its output is read. Never rejects. */
  readonly ended: Promise<string>;
  private printed = '';

  constructor({ program: [file = '', ...args], cwd, env, complain }: Starting) {
    const child = spawn(file, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.child = child;
    child.stdin.on('error', () => undefined); // it may end at any time
    let line = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      const lines = `${line}${text}`.split('\n');
      line = lines.pop()!.slice(-KEPT);
      for (const each of lines) {
        if (!isChatter(each)) this.printed = `${this.printed}${each}\n`.slice(-KEPT);
        complain(each);
      }
    });
    child.stderr.once('close', () => (this.printed += line));
    this.ended = new Promise((resolve) => {
      child.once('error', (failure) => resolve(`It cannot be started: ${failure.message}`));
      // Something that it left running may hold its pipes, so their end is not waited for.
      child.once('exit', (code, signal) => {
        const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
        setTimeout(() => {
          child.stdout.destroy();
          resolve(`It ended ${how}${this.lastWords()}`);
        }, DRAIN_MS);
      });
    });
  }

  /** The end of its standard error. */
  private lastWords(): string {
    const lines = this.printed.split('\n').filter((line) => line.trim() !== '' && !STACK.test(line));
    const words = lines.slice(-5).join('\n').slice(-1_000);
    return words === '' ? '.' : `: ${words}`;
  }

  /** Ends it: closes its input, then SIGTERM, then SIGKILL. */
  async end({ graceMs }: { graceMs: number }): Promise<void> {
    this.child.stdin.end();
    for (const [signal, afterMs] of [['SIGTERM', graceMs] as const, ['SIGKILL', GRACE_MS] as const]) {
      if (await this.hasEnded(afterMs)) return;
      this.child.kill(signal);
    }
    await this.hasEnded(GRACE_MS);
  }

  private hasEnded(withinMs: number): Promise<boolean> {
    return Promise.race([
      this.ended.then(() => true),
      new Promise<boolean>((resolve) => void setTimeout(() => resolve(false), withinMs).unref()),
    ]);
  }
}
