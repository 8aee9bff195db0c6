/** A port's answer. `refused`: nobody listens there, so it is useless to wait longer. */
export type Answer = { is: 'up'; url: string } | { is: 'down'; because: string; refused: boolean };

/** The addresses that `localhost` may mean. A server may listen on only one of them. */
const HOSTS = ['127.0.0.1', '[::1]'] as const;

/** Probes both addresses, and returns the one that answers. */
export async function probe(port: number, ready: string | undefined, mostMs: number): Promise<Answer> {
  const answers = await Promise.all(HOSTS.map((host) => probeAt(`http://${host}:${port}`, ready, mostMs)));
  const up = answers.find((answer) => answer.is === 'up');
  if (up) return up;
  const down = answers.filter((answer) => answer.is === 'down');
  return {
    is: 'down',
    because: HOSTS.map((host, index) => `${host}: ${down[index]!.because}`).join('; '),
    refused: down.every(({ refused }) => refused),
  };
}

/** A server is up if it answers 2xx at its `ready` path or, without one, any status below 500. */
export async function probeAt(url: string, ready: string | undefined, mostMs: number): Promise<Answer> {
  try {
    const response = await fetch(`${url}${ready ?? '/'}`, { signal: AbortSignal.timeout(mostMs), redirect: 'manual' });
    await response.body?.cancel();
    const up = ready === undefined ? response.status < 500 : response.ok;
    return up ? { is: 'up', url } : { is: 'down', because: `it answers ${response.status}`, refused: false };
  } catch (failure) {
    const { name, cause } = failure as Error & { cause?: NodeJS.ErrnoException };
    if (name === 'TimeoutError') return { is: 'down', because: `no answer within ${mostMs / 1_000} s`, refused: false };
    // What forwards the port of an isolated preview takes every connection, and resets it if nobody listens.
    const refused = ['ECONNREFUSED', 'ECONNRESET', 'UND_ERR_SOCKET'].includes(cause?.code ?? '');
    return { is: 'down', because: refused ? 'connection refused' : (cause?.message ?? String(failure)), refused };
  }
}

/**
 * How many probes in a row may fail before a live environment counts as lost. `refused`: nobody listens. `other`: something
 * listens but does not answer.
 */
const LOST_PROBES = { refused: 5, other: 15 };

/** Counts how many probes of each live environment have failed in a row. */
export class FailedProbes {
  private readonly failing = new Map<string, number>();

  /** Notes an answer. Returns whether the environment is lost. */
  isLost(key: string, answer: Answer): boolean {
    const failed = answer.is === 'up' ? 0 : (this.failing.get(key) ?? 0) + 1;
    if (failed === 0) this.failing.delete(key);
    else this.failing.set(key, failed);
    return answer.is === 'down' && failed >= (answer.refused ? LOST_PROBES.refused : LOST_PROBES.other);
  }

  forget(key: string): void {
    this.failing.delete(key);
  }
}
