/** How a port answers. `refused`: nobody listens there, which is not a matter of patience. */
export type Answer = { is: 'up'; url: string } | { is: 'down'; because: string; refused: boolean };

/** What "localhost" may mean: a server may listen on one of them only. */
const HOSTS = ['127.0.0.1', '[::1]'] as const;

/** Asks at both addresses, and takes the one that answers. */
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

/** Up is what answers 2xx at its own path of readiness; without one, whatever answers and has not broken down. */
export async function probeAt(url: string, ready: string | undefined, mostMs: number): Promise<Answer> {
  try {
    const response = await fetch(`${url}${ready ?? '/'}`, { signal: AbortSignal.timeout(mostMs), redirect: 'manual' });
    await response.body?.cancel();
    const up = ready === undefined ? response.status < 500 : response.ok;
    return up ? { is: 'up', url } : { is: 'down', because: `it answers ${response.status}`, refused: false };
  } catch (failure) {
    const { name, cause } = failure as Error & { cause?: NodeJS.ErrnoException };
    if (name === 'TimeoutError') return { is: 'down', because: `no answer within ${mostMs / 1_000} s`, refused: false };
    const refused = cause?.code === 'ECONNREFUSED';
    return { is: 'down', because: refused ? 'connection refused' : (cause?.message ?? String(failure)), refused };
  }
}
