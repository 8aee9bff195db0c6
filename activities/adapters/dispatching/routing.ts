import { hostIn, isShort, laterAt, shown } from '../hosted/names.ts';
import type { OpenForge } from '../vendor.ts';

/** An open forge by its vendor's name, the form in which its repositories are written, and where they are. */
export interface Serving extends OpenForge {
  name: string;
  written: string;
  hosted: boolean;
}

/** A kind of forge on other machines that is not configured: its variables, and the host of its public forge. */
export interface Unconfigured {
  by: string;
  at?: string | undefined;
}

/** How repositories are told apart. `preferred`: the forge of `OWNER/NAME`, as `GATEHOUSE_FORGE` names it. */
export interface Routing {
  unconfigured?: readonly Unconfigured[] | undefined;
  preferred?: string | undefined;
}

/** The forge of a repository as a person writes it, and its name for that forge. A refusal says what was expected. */
export function routed(
  repository: string,
  forges: readonly Serving[],
  routing: Routing,
): { forge: Serving; repository: string } | { expected: string } {
  const forge = forges.find((each) => each.serves(repository));
  if (forge) return { forge, repository };
  const found = `, found ${shown(repository)}`;
  if (isShort(repository)) {
    const only = shortAt(forges, routing);
    return 'expected' in only
      ? { expected: `${only.expected}${found}` }
      : { forge: only.forge, repository: `${only.forge.address}/${repository}` };
  }
  const host = hostIn(repository);
  return { expected: `${host === undefined ? formsOf(forges, routing) : missingAt(host, forges, routing)}${found}` };
}

/** The forge of names without a host. */
function shortAt(
  forges: readonly Serving[],
  { preferred, unconfigured = [] }: Routing,
): { forge: Serving } | { expected: string } {
  const hosted = forges.filter(({ address }) => address !== undefined);
  const named = hosted.filter(({ name }) => preferred === undefined || name === preferred);
  if (named.length === 1) return { forge: named[0]! };
  if (named.length > 1) {
    const names = named.map(({ name }) => name).join(' or ');
    return { expected: `expected an address with a host, or GATEHOUSE_FORGE to say whether OWNER/NAME is at ${names}` };
  }
  return { expected: `expected an absolute path, or a forge that OWNER/NAME is at: set ${variablesOf(unconfigured)}` };
}

/** What is expected of an address at this host. */
function missingAt(host: string, forges: readonly Serving[], { unconfigured = [] }: Routing): string {
  const later = laterAt(host);
  if (later !== undefined) return `${later} is not there yet: expected a repository at another forge`;
  const configured = forges.flatMap(({ address }) => (address === undefined ? [] : [address]));
  const known = unconfigured.filter(({ at }) => at === host);
  // Which kind of forge is at an unknown host, nobody knows. One that is configured may be the kind that was meant.
  const open = known.length > 0 || configured.length > 0 ? known : unconfigured;
  if (open.length > 0) return `expected a forge that is configured: ${host} needs ${variablesOf(open)}`;
  const others = unconfigured.length > 0 ? ` (others need ${variablesOf(unconfigured)})` : '';
  return `expected a repository at ${configured.join(' or ')}, as it is configured${others}`;
}

/** What is expected of something that is no address of any kind. */
function formsOf(forges: readonly Serving[], { unconfigured = [] }: Routing): string {
  const forms = forges.map(({ written }) => written);
  const more = unconfigured.length > 0 ? ` (others need ${variablesOf(unconfigured)})` : '';
  return `expected ${forms.join(', or ')}${more}`;
}

const variablesOf = (unconfigured: readonly Unconfigured[]): string => unconfigured.map(({ by }) => by).join(', or ');
