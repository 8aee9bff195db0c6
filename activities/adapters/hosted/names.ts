import type { Place } from './api.ts';

/** What a person wrote, as far as one forge can tell. `pullRequest`: the number behind the name, as in `/pull/17`. */
export type Named =
  | { is: 'place'; place: Place; pullRequest?: number }
  /** It is the name of something on another host, or no name of a repository. */
  | { is: 'other' }
  /** It is on this forge's host, but not written as its repositories are. */
  | { is: 'wrong'; because: string };

/** GitHub's and Gitea's characters for owners and repositories. */
const PART = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/;
/** `git@HOST:OWNER/NAME`. */
const SCP = /^(?:[^@/\s:]+@)?([^/\s:@]+):(?!\/)(\S+)$/;

/**
 * Reads a repository's name as people write it, for the forge at this address: a web address, also of a page below it, or
 * what git takes over SSH.
 */
export function named(written: string, address: string): Named {
  const forge = new URL(address);
  const [, host, below] = SCP.exec(written) ?? [];
  if (host !== undefined && below !== undefined && !written.includes('://'))
    return host.toLowerCase() === forge.hostname ? placeIn(below) : { is: 'other' };
  if (!/^(?:https?|ssh):\/\//i.test(written) || !URL.canParse(written)) return { is: 'other' };

  const { protocol, hostname, host: withPort, pathname, username, password } = new URL(written);
  // The port of SSH is not that of the pages.
  if (protocol === 'ssh:') return hostname.toLowerCase() === forge.hostname ? placeIn(pathname) : { is: 'other' };
  if (hostname !== forge.hostname) return { is: 'other' };
  if (withPort !== forge.host) return { is: 'other' };
  if (protocol !== forge.protocol) return { is: 'wrong', because: `an address that begins with ${forge.protocol}//` };
  if (username !== '' || password !== '') return { is: 'wrong', because: 'an address without a user name or password' };
  return placeIn(pathname);
}

/** The owner and the name in a path. What is behind them belongs to a page; there, a pull request has a number. */
function placeIn(path: string): Named {
  const [owner = '', rest = '', page = '', number = ''] = path.replace(/^\/+/, '').split(/\/+/).map(decoded);
  const name = rest.replace(/\.git$/i, '');
  if (!PART.test(owner) || !PART.test(name)) return { is: 'wrong', because: 'an owner and a name, as in OWNER/NAME' };
  const isPull = /^pulls?$/.test(page) && /^[1-9]\d{0,8}$/.test(number);
  return { is: 'place', place: { owner, name }, ...(isPull && { pullRequest: Number(number) }) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Whether it is `OWNER/NAME`, the form without a host. */
export function isShort(written: string): boolean {
  const parts = written.split('/');
  return parts.length === 2 && parts.every((part) => PART.test(part));
}

/** Our name for a repository: the forge's address, with owner and name as the forge spells them. */
export const canonicalOf = (address: string, { owner, name }: Place): string => `${address}/${owner}/${name}`;

/** The host that somebody wrote. Undefined: they wrote none. */
export function hostIn(written: string): string | undefined {
  const scp = written.includes('://') ? null : SCP.exec(written);
  if (scp) return scp[1]!.toLowerCase();
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(written) && URL.canParse(written) ? new URL(written).host : undefined;
}

/** Something that somebody wrote, as it may be shown: without a user name or a password. */
export const shown = (written: string): string => written.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/\s]*@/i, '$1');

/** Hosts of forges that we do not know. */
const LATER = [
  { vendor: 'GitLab', host: /(?:^|\.)gitlab\./ },
  { vendor: 'Bitbucket', host: /(?:^|\.)bitbucket\./ },
  { vendor: 'Azure DevOps', host: /^(?:ssh\.)?dev\.azure\.com$|\.visualstudio\.com$/ },
];

/** The forge at this host that is not there yet, if it is one of those that people ask for. */
export const laterAt = (host: string): string | undefined => LATER.find((each) => each.host.test(host))?.vendor;
