import pc from 'picocolors';
import { inspectPreset, type PresetHere } from '../../../activities/adapters/agents/presets/here.ts';
import { PRESETS } from '../../../activities/adapters/settings/agent-settings.ts';
import { found } from '../../../workflows/contracts/bad-fields.ts';
import { configurationOf } from '../../../worker/configuration/configuration-file.ts';
import { presetOf } from '../../agents/naming.ts';
import { attempt, type Attempt } from '../../agents/trying.ts';
import { readConfig } from '../../config.ts';
import { shown } from '../../legible.ts';
import type { Called } from '../called.ts';
import { EXIT, Usage } from '../exit-codes.ts';
import { print, say, tell } from '../output.ts';
import { spentWords } from '../texts/spending.ts';

type Args = [what: string | undefined, preset: string | undefined];
interface Wish {
  model?: string;
  seconds: string;
}

export async function agents({ args: [what, name], options, json }: Called<Args, Wish>): Promise<number> {
  if (what === undefined) return list(json);
  if (what !== 'try') throw new Usage(`WHAT: expected try, or nothing, found ${found(what)}`);
  const agent = presetOf('PRESET', name, options.model);
  const seconds = secondsOf(options.seconds);
  const { variables, environment } = readConfig();
  const { prices } = configurationOf(variables, environment).current();
  const said: string[] = [];
  if (!json) say(`${agent.preset} gets a task of two lines, in a scratch repository`);
  const result = await untilStopped((stop) =>
    attempt({
      ...{ agent, environment, prices, seconds, stop },
      line(text) {
        said.push(shown(text));
        if (!json) tell(false, `  ${said.at(-1)}`, undefined);
      },
    }),
  );
  print(json, { preset: agent.preset, ...result, said }, resultLines);
  return result.done ? EXIT.done : EXIT.failed;
}

/** Lists the presets, as they are on this machine. */
async function list(json: boolean): Promise<number> {
  const { environment } = readConfig();
  const all = await Promise.all(PRESETS.map((name) => inspectPreset(name, environment)));
  const rows = all.map(({ signedIn, version, ...rest }) => ({
    ...rest,
    version: version ?? null,
    signedIn: signedIn ?? null,
  }));
  print(json, rows, (each) => each.map(lineOf).join('\n'));
  return EXIT.done;
}

const SIGNED_IN = new Map([
  [true, 'signed in'],
  [false, 'not signed in'],
  [null, 'sign-in unknown'],
]);

type Row = Omit<PresetHere, 'signedIn' | 'version'> & { version: string | null; signedIn: boolean | null };

function lineOf({ name, program, installed, version, signedIn, detail, install }: Row): string {
  const named = [name.padEnd(12), program.padEnd(9)].join(' ');
  if (!installed) return `${named} not on PATH: ${install}`;
  return `${named} ${version ?? 'version unknown'}, ${detail ?? SIGNED_IN.get(signedIn)}`;
}

function resultLines({ preset, done, because, until, usage, tookSeconds }: Attempt & { preset: string }): string {
  const end = done
    ? `${pc.green('done')}: ${preset} created the file, and said so`
    : `${pc.red('not done')}: ${because}${until === undefined ? '' : ` It can again at ${until}.`}`;
  return [end, `spent: ${spentWords(usage)}`, `took: ${tookSeconds} s`].join('\n');
}

/** The longest time limit, in seconds: a day. */
const MOST_SECONDS = 86_400;

function secondsOf(text: string): number {
  const seconds = Number(text);
  if (/^\d{1,5}$/.test(text) && seconds >= 1 && seconds <= MOST_SECONDS) return seconds;
  throw new Usage(`--seconds: expected a number from 1 to ${MOST_SECONDS}, found ${found(text)}`);
}

/** Passes an abort signal that the user's signals trigger. A reader of our output that ends counts as one. */
async function untilStopped<T>(work: (stop: AbortSignal) => Promise<T>): Promise<T> {
  const stopping = new AbortController();
  const stop = () => stopping.abort();
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', stop);
  try {
    return await work(stopping.signal);
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
}
