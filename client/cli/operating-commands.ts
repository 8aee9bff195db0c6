import { STATUSES } from '../listing.ts';
import { option, type CommandEntry } from './command-entry.ts';

/** The commands of operators. */
export const OPERATING: CommandEntry[] = [
  {
    usage: 'doctor',
    description: 'Checks the set-up and all runs, and shows how to fix problems.',
    options: [
      option('--fix', 'fixes what gatehouse can fix'),
      option('--set-up', 'checks the set-up only, which needs no worker: for health checks'),
      option('--watch [off]', 'creates a schedule that repeats the check; off deletes it'),
      option('--every <time>', 'how often the schedule checks: 10s to 24h', '5m'),
      option('--repository <repository>', 'a folder whose agents are checked too (default: here), or a hosted one'),
    ],
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    usage: 'runners',
    description: 'Lists the workers: where they are, what they run, and which are not heard of.',
    load: async () => (await import('./commands/operating/runners.ts')).runners,
  },
  {
    usage: 'upgrade',
    description: 'Moves every live run to the build (GATEHOUSE_BUILD) or task queue that this configuration names.',
    options: [option('--seconds <n>', 'how long to wait until all have moved; 0 does not wait', '3600')],
    load: async () => (await import('./commands/operating/upgrade.ts')).upgrade,
  },
  {
    usage: 'bundle <run>',
    description: 'Writes the commits of a run that its forge refused into <task>.bundle, from which git fetches them.',
    options: [option('--output <file>', 'another file')],
    load: async () => (await import('./commands/operating/bundle.ts')).bundle,
  },
  {
    usage: 'backup <file>',
    description: 'Copies the database into a new file, while workers go on (SQLite).',
    load: async () => (await import('./commands/backups.ts')).backup,
  },
  {
    usage: 'restore <file>',
    description: 'Replaces the database by a backup, once all workers are stopped, and keeps the old one (SQLite).',
    load: async () => (await import('./commands/backups.ts')).restore,
  },
  {
    usage: 'recover [runs...]',
    description:
      'After the Temporal server was lost with all its data: starts every live run anew, at the step where it stood.',
    options: [option('--dry-run', 'only says what would be started'), option('--by <who>', 'who does it, for the log')],
    load: async () => (await import('./commands/operating/recover.ts')).recover,
  },
  {
    usage: 'export [run]',
    description: 'Exports a run’s history as JSON, or many histories into a folder, to replay them before an upgrade.',
    options: [
      option('--output <file>', 'the file for one run; default: standard output'),
      option('--all', 'all runs, environments and release watches that the server has kept'),
      option('--live', 'only live ones'),
      option('--status <status>', 'only runs of this status').choices(STATUSES),
      option('--to <folder>', 'the folder for several histories'),
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
    usage: 'config <what> [file]',
    description: 'Checks the configuration file (config check), or prints its JSON Schema for editors (config schema).',
    options: [option('--repository', 'with schema: that of .gatehouse.yml')],
    load: async () => (await import('./commands/config.ts')).config,
  },
  {
    usage: 'codec',
    description: 'Runs a codec server on this machine, so that the Web UI and temporal can read encrypted payloads.',
    options: [option('--ui <origin>', 'the only Web UI that may call it; default: that of the local stack')],
    load: async () => (await import('./commands/operating/codec.ts')).codec,
  },
  {
    usage: 'token [what] [token]',
    description: 'Makes, lists and revokes tokens of the HTTP door: token create, token list, token revoke TOKEN.',
    options: [
      option('--name <name>', 'with create: the name that the action log shows'),
      option('--may <words>', 'with create: see, start, start:local, override and actions, as in see,start,confirm'),
      option('--workspace <id>', 'with create: the only workspace; default: all'),
      option('--days <n>', 'with create: after how many days it ends', '90'),
    ],
    load: async () => (await import('./commands/operating/token.ts')).token,
  },
];
