import pc from 'picocolors';
import { found } from '../../../workflows/contracts/bad-fields.ts';
import { readConfig } from '../../config.ts';
import { dryRun, type DryRun } from '../../forges/dry-run.ts';
import { setUpSteps, type SetUpStep } from '../../forges/init.ts';
import { typed } from '../../invocation.ts';
import { dryRunText } from '../texts/dry-run.ts';
import type { Called } from '../called.ts';
import { EXIT, Usage } from '../exit-codes.ts';
import { print } from '../output.ts';
import { placeOf } from './start.ts';

interface Shown {
  forge: string;
  steps: SetUpStep[];
  /** What a run would do now. Null: no repository was named, or the credentials do not work yet. */
  look: DryRun | null;
}

/** Prints the steps that connect gatehouse with a forge, and checks each. Exits with 1 while one is open. */
export async function init({ args: [kind, written], json }: Called<[string, string?]>): Promise<number> {
  if (kind !== 'github' && kind !== 'gitea') throw new Usage(`FORGE: expected github or gitea, found ${found(kind)}`);
  const config = readConfig();
  const place = written === undefined ? undefined : placeOf(written);
  const steps = await setUpSteps(config, kind, place?.repository);
  const isIn = steps.some(({ name, state }) => name === 'credentials' && state === 'done');
  const look = place && isIn ? await dryRun(config, { change: place }) : null;
  print(json, { forge: kind, steps, look } satisfies Shown, () => initText(steps, look, written));
  return steps.every(({ state }) => state !== 'open') ? EXIT.done : EXIT.failed;
}

const MARKS = { done: pc.green('ok  '), open: pc.red('todo'), unchecked: pc.yellow('?   ') } as const;

/** The steps, what a run would do, and what to do next. */
export function initText(steps: readonly SetUpStep[], look: DryRun | null, written: string | undefined): string {
  const next = look
    ? ['', dryRunText(look), '', `Next: ${nextAfter(look, written)}`]
    : [
        '',
        `Then, to see what it would do, which writes nothing: ${typed(`start ${written ?? 'OWNER/NAME'} --dry-run`)}`,
      ];
  return [
    ...steps.flatMap(({ name, state, detail, todo }) => [
      `${MARKS[state]} ${name}: ${detail}`,
      ...todo.map((each) => `       ${each}`),
    ]),
    ...next,
  ].join('\n');
}

const nextAfter = ({ refused }: DryRun, written = ''): string =>
  refused.length > 0
    ? 'mend what a run would be refused for, and repeat this command'
    : typed(`start ${written} --task TASK-1 --title … --watch`);
