import type { Change } from '../../../workflows/contracts/change.ts';
import type { Executor } from '../../ports.ts';
import { agentFor, type Agents, type AgentSettings } from '../settings/agent-settings.ts';
import type { AgentsFound } from '../settings/reading.ts';
import { closeEach } from './closing.ts';

export interface OpenExecutor {
  executor: Executor;
  runs(agent: AgentSettings): boolean;
}

type AgentsOf = (change: Change) => Promise<AgentsFound>;

/** Combines all executors. The agent of a job's role decides which one runs the job. */
export function executorsAsOne(executors: readonly OpenExecutor[], agentsOf: AgentsOf): Executor {
  const [first] = executors;
  if (!first) throw new Error('No executor is open.');
  const all = executors.map(({ executor }) => executor);
  if (all.length === 1) return first.executor;

  /** The first executor refuses a role for which there is no agent. */
  const forRole = (agents: Agents, role: string): Executor => {
    const agent = agentFor(agents, role);
    return (agent !== undefined && executors.find(({ runs }) => runs(agent))?.executor) || first.executor;
  };
  const knowing = async (key: string): Promise<Executor | undefined> => {
    for (const executor of all) if (await executor.knows(key)) return executor;
    return undefined;
  };
  return {
    async examine(change, roles) {
      const { agents } = await agentsOf(change);
      const fields = all.map(async (each) => {
        const own = roles.filter((role) => forRole(agents, role) === each);
        return own.length === 0 ? [] : each.examine(change, own);
      });
      return (await Promise.all(fields)).flat();
    },
    knows: async (key) => (await knowing(key)) !== undefined,
    unavailable: async (job) => forRole((await agentsOf(job.change)).agents, job.role).unavailable(job),
    /** A job stays with the executor that has it, even if another one is preferred by now. */
    async ensure(job, by) {
      const executor = (await knowing(job.key)) ?? forRole((await agentsOf(job.change)).agents, job.role);
      return executor.ensure(job, by);
    },
    /** Any executor may still run parts of an unknown job. Polling an executor ends them. */
    async look(key, by) {
      const known = await knowing(key);
      const [report] = await Promise.all((known ? [known] : all).map((each) => each.look(key, by)));
      return report!;
    },
    /** Every executor records the stop of an unknown job, so that a late `ensure` begins nothing. */
    async stop(key, because, by) {
      const known = await knowing(key);
      const stopped = await Promise.all((known ? [known] : all).map((each) => each.stop(key, because, by)));
      return stopped.every(Boolean);
    },
    readLog: async (question) => (await (await knowing(question.key))?.readLog?.(question)) ?? { is: 'none' },
    list: async () => (await Promise.all(all.map((each) => each.list()))).flat(),
    close: () => closeEach(all),
  };
}
