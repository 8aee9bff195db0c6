import { Option } from 'commander';
import { STATUSES } from '../listing.ts';
import { actionCommands } from './action-commands.ts';
import type { Run } from './called.ts';

/** A command: all that help says of it, and what carries it out, which is loaded when the command is called. */
export interface CommandEntry {
  /** Its name and arguments, as commander writes them. */
  usage: string;
  description: string;
  options?: Option[];
  load: () => Promise<Run>;
}

const option = (flags: string, description: string, otherwise?: string): Option =>
  new Option(flags, description).default(otherwise);

const STACK: CommandEntry[] = [
  {
    usage: 'up',
    description: 'Runs the local stack in the foreground: Temporal with its Web UI, and a worker.',
    load: async () => (await import('./commands/up.ts')).up,
  },
  {
    usage: 'demo',
    description: 'Runs the local stack, and plays the whole story on the sample shop.',
    options: [option('--unattended', 'a script plays the person too, and the command ends with the run')],
    load: async () => (await import('./commands/demo.ts')).demo,
  },
  {
    usage: 'worker',
    description: 'Runs a worker alone, for the Temporal server that TEMPORAL_ADDRESS names.',
    load: async () => (await import('./commands/worker.ts')).worker,
  },
];

const STARTING: CommandEntry[] = [
  {
    usage: 'start [repository]',
    description: 'Starts a run, or retries one that did not end well.',
    options: [
      option('--task <id>', 'the task’s id'),
      option('--title <text>', 'what the task is, in a line'),
      option('--description <text>', 'what the task is, in full'),
      option('--pipeline <name>', 'a built-in pipeline'),
      option('--workspace <id>', 'default: default'),
      option('--base <branch>', 'what it merges into; default: the repository’s default branch'),
      option('--branch <branch>', 'the work branch; default: gatehouse/<task>'),
      option('--pull-request <number>', 'an existing pull request'),
      option('--started-by <who>', 'who starts it'),
      option('--file <path>', 'a start input as JSON; options override it'),
      option('--fresh', 'starts anew, even after a run that did not end well'),
      option('--watch', 'follows the run until it ends'),
    ],
    load: async () => (await import('./commands/start.ts')).start,
  },
  {
    usage: 'retry <run>',
    description: 'Continues a closed run from where it failed.',
    options: [option('--from <step>', 'an earlier step to continue from')],
    load: async () => (await import('./commands/start.ts')).retry,
  },
];

const READING: CommandEntry[] = [
  {
    usage: 'list',
    description: 'Lists runs, newest first.',
    options: [
      option('--waiting', 'only what waits for a person'),
      option('--status <status>', `only of this status: ${STATUSES.join(', ')}`),
    ],
    load: async () => (await import('./commands/reading.ts')).list,
  },
  {
    usage: 'inbox',
    description: 'Lists what waits for a person, oldest first.',
    load: async () => (await import('./commands/reading.ts')).inbox,
  },
  {
    usage: 'show <run>',
    description: 'Shows the run: its steps, and what it is doing.',
    load: async () => (await import('./commands/reading.ts')).show,
  },
  {
    usage: 'explain <run>',
    description: 'Explains why the run is where it is, and what can be done.',
    load: async () => (await import('./commands/reading.ts')).explain,
  },
  {
    usage: 'output <run> <step>',
    description: 'Prints what a step made, in full.',
    load: async () => (await import('./commands/details.ts')).output,
  },
  {
    usage: 'log <run>',
    description: 'Lists who did what, and what was refused.',
    load: async () => (await import('./commands/details.ts')).log,
  },
  {
    usage: 'watch <run>',
    description: 'Follows the run as it happens, line by line.',
    options: [option('--until <what>', 'parked: ends once a person is needed')],
    load: async () => (await import('./commands/watch.ts')).watch,
  },
];

const ACTING: CommandEntry[] = actionCommands.map((action) => ({
  usage: action.usage,
  description: action.description,
  options: action.options.map(([flags, description]) => option(flags, description)),
  load: async () => (await import('./commands/actions.ts')).actionOf(action),
}));

const OPERATING: CommandEntry[] = [
  {
    usage: 'doctor',
    description: 'Checks the set-up and all runs, and says how to fix what is wrong.',
    options: [
      option('--fix', 'fixes what can be fixed from here'),
      option('--set-up', 'checks the set-up only, which needs no worker: for health checks'),
      option('--watch [off]', 'has a schedule repeat the check; off ends that'),
      option('--every <time>', 'how often the schedule checks: 10s to 24h', '5m'),
    ],
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    usage: 'upgrade',
    description: 'Moves every live run to the build (GATEHOUSE_BUILD) or task queue that this configuration names.',
    options: [option('--seconds <n>', 'how long to wait until all have moved; 0 asks without waiting', '3600')],
    load: async () => (await import('./commands/upgrade.ts')).upgrade,
  },
  {
    usage: 'export [run]',
    description: 'Exports a run’s history as JSON, or many histories into a folder, to replay them before an upgrade.',
    options: [
      option('--output <file>', 'the file for one run; default: standard output'),
      option('--all', 'all runs, environments and release watches that the server still has'),
      option('--live', 'only what is still open'),
      option('--status <status>', 'only runs of this status').choices(STATUSES),
      option('--to <folder>', 'the folder for many'),
      option('--scrub', 'without paths and names of this machine, identities and stack traces'),
    ],
    load: async () => (await import('./commands/export.ts')).exportHistories,
  },
  {
    usage: 'replay <places...>',
    description: 'Replays exported histories, given as files or folders, on the code of this build.',
    load: async () => (await import('./commands/replay.ts')).replayHistories,
  },
  {
    usage: 'codec',
    description: 'Runs a codec server on this machine: lets the Web UI and temporal read encrypted payloads.',
    options: [option('--ui <origin>', 'the Web UI that may ask; default: the local stack’s')],
    load: async () => (await import('./commands/codec.ts')).codec,
  },
];

const TRYING: CommandEntry[] = [
  {
    usage: 'simulate',
    description: 'Plays a run against a scripted world, in virtual time.',
    options: [
      option('--file <path>', 'a start input as JSON').makeOptionMandatory(),
      option('--script <path>', 'how the world differs from one where all goes well, as JSON'),
    ],
    load: async () => (await import('./commands/simulate.ts')).simulate,
  },
  {
    usage: 'pipelines',
    description: 'Plays every built-in pipeline on the sample shop, unattended, on a stack of its own.',
    options: [option('--only <name...>', 'only these')],
    load: async () => (await import('./commands/pipelines.ts')).pipelines,
  },
  {
    usage: 'completion <shell>',
    description: 'Prints a script that completes commands and options: for bash, zsh or fish.',
    load: async () => (await import('./commands/completion.ts')).completion,
  },
];

/** Every command, in the order in which help lists them. */
export const COMMANDS: readonly CommandEntry[] = [STACK, STARTING, READING, ACTING, OPERATING, TRYING].flat();
