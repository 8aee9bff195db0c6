import type { AgentSettings } from '../settings/agent-settings.ts';
import type { Mode } from './conversation.ts';
import { driverArguments } from './driver/arguments.ts';
import type { Drive } from './driver/drive.ts';

/** How the supervisor starts an agent. */
export interface Launching {
  command: string;
  /** The variables besides those of every command. They may contain secrets. */
  env: Record<string, string>;
  /** What to write to the file that `GATEHOUSE_DRIVE` names. Undefined: it is started without our driver. */
  drive?: Drive | undefined;
}

interface Given {
  agent: AgentSettings;
  mode: Mode;
  /** The checkout. */
  cwd: string;
  /** The values of the agent's secrets by name. */
  secrets: Readonly<Record<string, string>>;
  prices: Drive['prices'];
  /** Whether it runs in a sandbox of ours in which it can make none of its own. */
  sandboxed?: boolean;
  files: {
    drive: string;
    /** A private folder of the job, outside of the checkout. */
    scratch: string;
    /** The job is cancelled as soon as this file exists. */
    cancel: string;
  };
}

/**
 * How an agent is started: a command without secrets by itself, and every other agent by our driver, which talks to it and
 * removes secrets from what it prints.
 */
export function launchingOf({ agent, mode, cwd, secrets, prices, sandboxed = false, files }: Given): Launching {
  if (agent.is === 'command' && agent.secrets.length === 0) return { command: agent.command, env: {} };
  const { secrets: names, ...spoken } = agent;
  const { env = {}, ...rest } = 'env' in spoken ? spoken : { ...spoken, env: {} };
  return {
    command: driverCommand(),
    env: { ...secrets, PWD: cwd, GATEHOUSE_DRIVE: files.drive },
    drive: {
      agent: rest,
      mode,
      env,
      secrets: names,
      prices: { ...prices },
      ...(sandboxed && { sandboxed }),
      scratch: files.scratch,
      cancel: files.cancel,
    },
  };
}

/** The shell command of the driver. */
const driverCommand = (): string =>
  `exec ${[process.execPath, '--no-warnings', ...driverArguments()].map(quoted).join(' ')}`;

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
