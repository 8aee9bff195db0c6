import { PASSING, type Failing } from '../../../../workflows/contracts/reports.ts';
import type { HostedBranch, HostedCheck } from '../api.ts';
import { matchesName } from './globs.ts';

/** A check that must have reported, green, before a change is merged. */
export type Required = NonNullable<HostedBranch['required']>[number];

/** What is known of the checks of one head. */
export interface Reported {
  /** The forge's: check runs and statuses of others. */
  theirs: readonly HostedCheck[];
  /** The names of the checks that we run. They satisfy `wanted`, and never `required`. */
  ours: readonly string[];
  /** What the forge requires. */
  required: readonly Required[];
  /** What `.gatehouse.yml` requires, as globs. */
  wanted: readonly string[];
  /** What `.gatehouse.yml` leaves out, as globs, except what is required. */
  ignored: readonly string[];
  /** Whether a cancelled check was run again before: in vain, or it has not begun yet. */
  again(check: HostedCheck): 'never' | 'begins' | 'in-vain';
}

export interface Judged {
  ended: (Failing & { check: HostedCheck })[];
  /** The names of checks that run, are expected, or are missing although required. */
  running: string[];
  /** Cancelled checks that are to be run again. */
  rerun: HostedCheck[];
}

/** Judges the checks of a head. Nothing that is required and has not reported on this head is green. */
export function judge(reported: Reported): Judged {
  const judged: Judged = { ended: [], running: [], rerun: [] };
  for (const check of reported.theirs) {
    const isRequired = isRequiredBy(reported, check);
    if (!isRequired && reported.ignored.some((glob) => matchesName(glob, check.name))) continue;
    switch (stateOf(check, isRequired, reported)) {
      case 'green':
        judged.ended.push(endedAs(check, PASSING.has(check.conclusion) ? check.conclusion : 'neutral'));
        break;
      case 'red':
        judged.ended.push(endedAs(check, PASSING.has(check.conclusion) ? 'failure' : check.conclusion));
        break;
      case 'again':
        judged.rerun.push(check);
        judged.running.push(check.name);
        break;
      case 'pending':
        judged.running.push(check.name);
    }
  }
  judged.running.push(...missing(reported));
  return judged;
}

function stateOf(check: HostedCheck, isRequired: boolean, { again }: Reported): HostedCheck['state'] {
  if (check.state === 'green') return check.redIfRequired && isRequired ? 'red' : 'green';
  if (check.state !== 'again') return check.state;
  return ({ never: 'again', begins: 'pending', 'in-vain': 'red' } as const)[again(check)];
}

const endedAs = (check: HostedCheck, conclusion: string) => ({
  name: check.name,
  conclusion,
  ...(check.url !== undefined && { url: check.url }),
  check,
});

const isRequiredBy = ({ required, wanted }: Reported, check: HostedCheck): boolean =>
  required.some((each) => satisfies(each, check)) || wanted.some((glob) => matchesName(glob, check.name));

/** Whether this check is the one that the forge means: by its name, and from the app to which the name is pinned. */
const satisfies = ({ name, app, glob }: Required, check: HostedCheck): boolean =>
  (glob ? matchesName(name, check.name) : name === check.name) && (app === undefined || app === check.from.app);

/** The names that are required and have not reported at all. */
function missing({ theirs, ours, required, wanted }: Reported): string[] {
  const forge = required.filter((each) => !isOurs(each) && !theirs.some((check) => satisfies(each, check)));
  const own = wanted.filter(
    (glob) =>
      !theirs.some(({ name }) => matchesName(glob, name)) &&
      !ours.some((name) => matchesName(glob, name) || matchesName(glob, `gatehouse/${name}`)),
  );
  return [...new Set([...forge.map(({ name }) => name), ...own])];
}

/** A requirement that our own status meets. It never keeps us waiting, because we report it ourselves. */
const isOurs = ({ name, glob }: Required): boolean =>
  glob ? matchesName(name, 'gatehouse') || name.startsWith('gatehouse/') : /^gatehouse(?:\/|$)/.test(name);
