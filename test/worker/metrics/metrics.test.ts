import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RunRows } from '../../../activities/adapters/state/runs.ts';
import type { State } from '../../../activities/adapters/state/state.ts';
import { Metrics, type Traffic } from '../../../worker/metrics/metrics.ts';
import { serveMetrics } from '../../../worker/metrics/serving.ts';
import { freePort } from '../../support/ports.ts';
import { DATABASES, openState } from '../../support/state/databases.ts';
import { ended, noteOf, parked } from '../../support/state/notes.ts';
import { until } from '../../support/until.ts';

/** The samples of a scrape whose name begins so, as Prometheus reads them. */
const samples = (text: string, name: string): string[] => text.split('\n').filter((line) => line.startsWith(name));

describe.each(DATABASES)('metrics from rows on %s', (_, fresh) => {
  let database: Awaited<ReturnType<typeof fresh>>;
  let state: State;
  const said: string[] = [];
  let forges: Traffic[];
  let metrics: Metrics;

  beforeEach(async () => {
    database = await fresh();
    state = await openState(database.location);
    [said.length, forges] = [0, []];
    metrics = new Metrics({ state, forges: () => forges, log: (line) => said.push(line) });
  });
  afterEach(async () => {
    await state.close();
    await database.remove();
  });

  it('counts runs by status, and shows the oldest wait of each gate', async () => {
    const rows = new RunRows(state);
    const now = Date.now();
    const since = (seconds: number) => new Date(now - seconds * 1_000).toISOString();
    for (const [id, seconds] of [
      ['A', 100],
      ['B', 4_000],
    ] as const) {
      const note = parked(id, 1);
      await rows.write(noteOf({ ...note, waitingOn: { ...note.waitingOn, since: since(seconds) } }));
    }
    const gone = ended('C', 1);
    await rows.write(noteOf({ ...gone, end: { ...gone.end!, at: since(60) } }));
    await rows.write(noteOf({ ...ended('D', 1), end: { ...gone.end!, at: since(2 * 86_400) } }));
    const text = await metrics.text();
    expect(samples(text, 'gatehouse_runs{')).toContain('gatehouse_runs{status="parked"} 2');
    expect(samples(text, 'gatehouse_runs{')).toContain(`gatehouse_runs{status="${gone.status}"} 1`);
    const [wait, ...others] = samples(text, 'gatehouse_waiting_seconds{');
    expect(others).toEqual([]);
    const { kind } = parked('A', 1).current!;
    expect(wait).toMatch(new RegExp(`^gatehouse_waiting_seconds\\{gate="${kind}",what="person"\\} 4\\d{3}`));
  });

  it('shows jobs, environments, notices and workers', async () => {
    await state.query(async (db) => {
      const job = { runner: 'r', at: 1, unfinished: 1 };
      await db
        .insertInto('jobs')
        .values([
          { key: 'a', ...job },
          { key: 'b', ...job, begun: '{}' },
          { key: 'c', ...job, begun: '{}' },
          { key: 'd', ...job, begun: '{}', report: '{}' },
        ])
        .execute();
      await db.insertInto('environments').values({ key: 'e', runner: 'r', at: 1, unfinished: 1 }).execute();
      const notice = { workflow_id: 'w', at: '2026', message: '', unreadable: 0 };
      await db
        .insertInto('outbox')
        .values({ adapter: 'webhook', key: 'n', ...notice })
        .execute();
    });
    const text = await metrics.text();
    expect(samples(text, 'gatehouse_jobs{')).toEqual([
      'gatehouse_jobs{pool="default",state="waiting"} 1',
      'gatehouse_jobs{pool="default",state="running"} 2',
    ]);
    expect(samples(text, 'gatehouse_environments ')).toEqual(['gatehouse_environments 1']);
    expect(samples(text, 'gatehouse_notices_kept{')).toEqual([
      'gatehouse_notices_kept{adapter="all"} 1',
      'gatehouse_notices_kept{adapter="webhook"} 1',
    ]);
    expect(samples(text, 'gatehouse_runners{')).toContain('gatehouse_runners{state="heard"} 0');
  });

  it('counts what forges have answered, without asking them', async () => {
    const traffic = () => ({
      counts: [
        { method: 'GET', status: 200, count: 7 },
        { method: 'POST', status: 0, count: 1 },
      ],
      limits: [{ as: 'installation 17', left: 4_321 }],
    });
    forges = [{ name: 'github', traffic }, { name: 'local' }];
    for (const scrape of ['the first scrape', 'the second one']) {
      const text = await metrics.text();
      expect([scrape, ...samples(text, 'gatehouse_forge')]).toEqual([
        scrape,
        'gatehouse_forge_requests_total{forge="github",method="GET",status="200"} 7',
        'gatehouse_forge_requests_total{forge="github",method="POST",status="0"} 1',
        'gatehouse_forge_limit_remaining{forge="github",credentials="installation 17"} 4321',
      ]);
    }
  });

  it('shows nothing of rows that cannot be read, and says so', async () => {
    const away = { now: state.now, query: () => Promise.reject(new Error('The database is away.')) };
    const text = await new Metrics({ state: away, forges: () => [], log: (line) => said.push(line) }).text();
    expect(samples(text, 'gatehouse_database_up')).toEqual(['gatehouse_database_up 0']);
    expect(samples(text, 'gatehouse_runs')).toEqual([]);
    expect(said).toEqual(['The database is away.']);
  });
});

describe('serving', () => {
  const text = async () => 'gatehouse_runs 1\n';
  const served = async (over: { sdk?: string } = {}) => {
    const port = await freePort();
    const { close } = serveMetrics({ host: '127.0.0.1', port, text, log: () => undefined, ...over });
    const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${port}${path}`, { method });
    await until('the metrics are served', () =>
      get('/metrics').then(
        ({ ok }) => ok,
        () => false,
      ),
    );
    return { get, close };
  };

  it('serves our metrics and those of the SDK in one scrape', async () => {
    const sdk = createServer((_, response) => response.end('temporal_requests 2\n'));
    await new Promise<void>((resolve) => sdk.listen(0, '127.0.0.1', resolve));
    const { get, close } = await served({ sdk: `http://127.0.0.1:${(sdk.address() as AddressInfo).port}/metrics` });
    const answer = await get('/metrics');
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await answer.text()).toBe('gatehouse_runs 1\ntemporal_requests 2\n');
    expect((await get('/')).status).toBe(404);
    expect((await get('/metrics', 'POST')).status).toBe(404);
    await close();
    sdk.closeAllConnections();
    await new Promise((resolve) => sdk.close(resolve));
  });

  it('serves ours alone if the SDK does not answer', async () => {
    const { get, close } = await served({ sdk: `http://127.0.0.1:${await freePort()}/metrics` });
    expect(await (await get('/metrics')).text()).toBe('gatehouse_runs 1\n');
    await close();
  });

  it('says that its port is taken, and stops nobody', async () => {
    const { get, close } = await served();
    const port = Number(new URL((await get('/metrics')).url).port);
    const said: string[] = [];
    const second = serveMetrics({ host: '127.0.0.1', port, text, log: (line) => said.push(line) });
    await until('it was said', () => said.length > 0);
    expect(said[0]).toMatch(/^no metrics at 127\.0\.0\.1:\d+ yet: .*EADDRINUSE/);
    await second.close();
    await close();
  });
});
