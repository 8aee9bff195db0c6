import { writeSync } from 'node:fs';
import type { InjectedSinks } from '@temporalio/worker';
import type { Ports } from '../../../activities/ports.ts';
import type { Fault } from '../plan/faults.ts';
import type { Watched } from './interceptors.ts';

/** The lines of JSON that a worker under test prints. Each is written before the fault that may end the worker. */
export type Said = { fault: 'struck' | 'late' } | { tasks: number } | { sites: string[] };

export const say = (said: Said) => void writeSync(1, `${JSON.stringify(said)}\n`);

/** Calls whose arguments do not name a task. They belong to the only run of the lane. */
const NAMELESS = ['texts.keep', 'meter.spent'];

/** Waits for the moment of a fault, and strikes once. */
export class Faults {
  private armed: Fault | undefined;
  private seen = 0;
  /** The number of answered workflow tasks, by task. */
  private readonly tasks = new Map<string, number>();

  arm(fault: Fault | undefined): void {
    this.armed = fault;
    this.seen = 0;
  }

  readonly sinks: InjectedSinks<Watched> = {
    faults: {
      scheduled: {
        fn: ({ workflowId }, activity) => this.workflowTold('W1', workflowId, activity),
        callDuringReplay: false,
      },
      resolved: {
        fn: ({ workflowId }, activity) => this.workflowTold('W5', workflowId, activity),
        callDuringReplay: false,
      },
      answering: { fn: ({ workflowId }) => this.answering(workflowId), callDuringReplay: false },
    },
  };

  /** Makes one call of a port, with the armed fault around it. */
  async around(port: keyof Ports, method: string, about: string, call: () => Promise<unknown>): Promise<unknown> {
    const window = this.windowOf(port, method, about);
    if (window === 'W2') this.die();
    if (window === 'late') {
      say({ fault: 'struck' });
      process.kill(process.pid, 'SIGSTOP'); // The worker is frozen here until it gets SIGCONT.
    }
    const answer = await call().finally(() => window === 'late' && say({ fault: 'late' }));
    if (window === 'W4') this.die();
    if (window !== 'W3' && window !== 'hung') return answer;
    say({ fault: 'struck' });
    if (window === 'hung') return new Promise(() => undefined);
    throw new Error('The connection was lost.');
  }

  private windowOf(port: keyof Ports, method: string, about: string): string | undefined {
    const { armed } = this;
    if (armed?.kind !== 'call' || armed.port !== port || armed.method !== method) return;
    if (!about.includes(armed.task) && !NAMELESS.includes(`${port}.${method}`)) return;
    if (armed.window === 'W1' || armed.window === 'W5' || !this.isTheOne(armed.nth)) return;
    this.armed = undefined;
    return armed.window;
  }

  private workflowTold(window: 'W1' | 'W5', workflowId: string, activity: string): void {
    const { armed } = this;
    if (armed?.kind !== 'call' || armed.window !== window || armed.by !== activity) return;
    if (workflowId.endsWith(`/${armed.task}`) && this.isTheOne(armed.nth)) this.die();
  }

  private answering(workflowId: string): void {
    const task = workflowId.slice(workflowId.lastIndexOf('/') + 1);
    this.tasks.set(task, (this.tasks.get(task) ?? 0) + 1);
    const { armed } = this;
    if (armed?.kind === 'task' && armed.task === task && this.isTheOne(armed.nth)) this.die();
  }

  tell = (task: string) => say({ tasks: this.tasks.get(task) ?? 0 });

  private isTheOne(nth: number): boolean {
    this.seen += 1;
    return this.seen === nth;
  }

  private die(): never {
    say({ fault: 'struck' });
    process.kill(process.pid, 'SIGKILL');
    for (;;); // Waits for the signal to take effect.
  }
}
