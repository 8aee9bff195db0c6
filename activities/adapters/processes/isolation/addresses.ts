import { lookup } from 'node:dns/promises';
import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';

/**
 * Never reachable: this machine's own and link-local addresses. A cloud answers on the latter, with the machine's credentials.
 */
const LINK_LOCAL = '169.254.0.0/16';
/** How long a name is looked up, and how long its answer is used, in milliseconds. */
const LOOKUP_MS = 2_000;
const FRESH_MS = 60_000;
/** How many addresses of one name are remembered. A name with more is balanced by a cloud, and needs credentials. */
const MOST = 64;

/** The addresses that isolated commands cannot reach. They have no IPv6. */
export class Addresses {
  /** All addresses that a name ever had, so that a balanced name does not open up. */
  private readonly seen = new Map<string, { all: Set<string>; at: number }>();

  /** `hosts`: names or addresses. */
  constructor(private readonly hosts: readonly string[]) {}

  async now(): Promise<string[]> {
    const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    const here = own.filter(({ family, internal }) => family === 'IPv4' && !internal).map(({ address }) => address);
    const theirs = await Promise.all(this.hosts.map((host) => this.addressesOf(host)));
    const all = new Set([...here, ...theirs.flat()]);
    // Loopback is the command's own, and its gateway's is closed by slirp4netns.
    return [
      LINK_LOCAL,
      ...[...all].filter((address) => !/^(?:127|0)\./.test(address)).map((address) => `${address}/32`),
    ];
  }

  private async addressesOf(host: string): Promise<string[]> {
    if (isIPv4(host)) return [host];
    const known = this.seen.get(host) ?? { all: new Set<string>(), at: 0 };
    this.seen.set(host, known);
    if (Date.now() - known.at > FRESH_MS) {
      const timeout = new Promise<[]>((resolve) => void setTimeout(() => resolve([]), LOOKUP_MS).unref());
      const found = await Promise.race([lookup(host, { all: true, family: 4 }).catch(() => []), timeout]);
      for (const { address } of found) if (known.all.size < MOST) known.all.add(address);
      if (found.length > 0) known.at = Date.now();
    }
    return [...known.all];
  }
}
