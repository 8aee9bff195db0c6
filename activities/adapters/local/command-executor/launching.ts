import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { Job } from '../../../../workflows/contracts/activities.ts';
import { ANSWERED } from '../../agents/availability.ts';
import { launchingOf } from '../../agents/launching.ts';
import type { PresetName } from '../../agents/preset.ts';
import { presetNamed } from '../../agents/presets/index.ts';
import type { Configuration } from '../../configuration/configuration.ts';
import { writeJson } from '../../files/records.ts';
import { Refusal, type Begun } from '../../git/settling/checkout.ts';
import { fenceIn } from '../../processes/fence.ts';
import { end, launch, stateOf } from '../../processes/processes.ts';
import { agentFor, type AgentSettings } from '../../settings/agent-settings.ts';
import { isolationIn, type InCheckouts } from '../opening.ts';
import { secretsOf } from './commands.ts';
import { isolatedFolder, type JobFolder } from './job-folder.ts';
import { shownJob } from './shown-job.ts';

/** How long an ended job's processes have from SIGTERM to SIGKILL, in milliseconds. */
export const GRACE_MS = 3_000;
/** How long a driver has to cancel its agent by the agent's own protocol, in milliseconds. */
const CANCEL_MS = 5_000;
const POLL_MS = 50;

/** The agent of a job, with the values of its secrets. Throws `Refusal` if the job can never have it. */
export async function agentOf({ agentsOf, configuration }: InCheckouts, { role, change }: Job): Promise<Agent> {
  const { agents, at } = await agentsOf(change);
  const agent = agentFor(agents, role);
  if (agent === undefined) throw new Refusal(`${at} has no agent for ${role}, and no default.`);
  const read = secretsOf(configuration(), agent.secrets, change);
  if ('values' in read) return { agent, secrets: read.values };
  throw new Refusal(`The agent of ${role} needs secrets that this worker does not have: ${read.missing.join('; ')}.`);
}
interface Agent {
  agent: AgentSettings;
  secrets: Record<string, string>;
}

interface Launching {
  job: Job;
  begun: Begun;
  paths: JobFolder;
  agent: Agent;
}

/** Starts a job's agent in its checkout. */
export async function launchAgent(
  options: InCheckouts,
  { job, begun, paths: folder, ...given }: Launching,
): Promise<void> {
  const { configuration, ledger, repositories, root, state } = options;
  const isolation = isolationIn(options);
  const { repository, fork = false } = job.change;
  const how = await isolation.of(repository, fork);
  if ('because' in how) throw new Error(`The agent of ${job.role} cannot be isolated here: ${how.because}`);
  const paths = how.is === 'none' ? folder : await isolatedFolder(folder);
  const { agent } = given.agent;
  const shown = shownJob(job, { baseHead: begun.baseHead, ...(await repositories.pullRequest(job.change)) });
  await writeJson(paths.shown, shown);
  const { command, env, drive } = launchingOf({
    ...{ ...given.agent, mode: job.mode, cwd: paths.tree, prices: configuration().prices, files: paths },
    sandboxed: !how.nests,
  });
  if (drive) await writeJson(paths.drive, drive);
  const start = await isolation.start({
    ...{ repository, fork, kind: 'agent', command, cwd: paths.tree, folder: paths.isolation },
    env: { GATEHOUSE_JOB: paths.shown, GATEHOUSE_RESULT: paths.result, [ANSWERED]: paths.answered, ...env },
    ...(how.is !== 'none' && { readable: [paths.input], writable: [paths.output, paths.scratch] }),
    // Its own sandbox would keep a reading Codex from writing. Where it can make none, ours does.
    reads: !how.nests && job.mode === 'read' && agent.is === 'preset' && agent.preset === 'codex',
    signIn: !fork && isSignedIn(agent, configuration()) ? await signInOf(agent.preset) : [],
  });
  await launch(paths.run, {
    ...{ ...start, cwd: paths.tree, stdin: JSON.stringify(shown) },
    fence: fenceIn(root, state),
    begins: () => ledger?.note({ effect: 'job-started', key: job.key }),
  });
}

const isSignedIn = (
  agent: AgentSettings,
  { signIn }: Pick<Configuration, 'signIn'>,
): agent is Extract<AgentSettings, { is: 'preset' }> => agent.is === 'preset' && signIn.includes(agent.preset);

const signInOf = async (name: PresetName): Promise<readonly string[]> => (await presetNamed(name)).signIn;

/** Ends everything that a job runs. A driver gets the time to cancel its agent by the agent's own protocol. */
export async function endJob(paths: JobFolder): Promise<void> {
  if (existsSync(paths.drive) && (await stateOf(paths.run)).is === 'running') {
    await writeFile(paths.cancel, '').catch(() => undefined); // on a full disk, it is only ended
    const until = Date.now() + CANCEL_MS;
    while (Date.now() < until && (await stateOf(paths.run)).is === 'running') {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
  await end(paths.run, { graceMs: GRACE_MS });
}
