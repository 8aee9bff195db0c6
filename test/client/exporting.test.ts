import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { exportAll, TYPES, type Which } from '../../client/exporting.ts';
import { historyFiles, readHistory } from '../../client/offline/histories.ts';
import { scrubbed } from '../../client/offline/scrubbing.ts';
import { folderOf } from '../replay/corpus.ts';

/** A server that has these executions, and has forgotten some of them by the time their history is asked for. */
async function serverWith(count: number, forgotten: readonly number[] = []) {
  const { history } = await readHistory(path.join(folderOf(1), 'released-release.json.gz'));
  const asked: string[] = [];
  const workflow = {
    async *list({ query }: { query: string }) {
      asked.push(query);
      for (let n = 0; n < count; n += 1) yield { workflowId: `run/default/SHOP-${n}`, runId: `run-${n}` };
    },
    getHandle: (workflowId: string, runId: string) => ({
      async fetchHistory() {
        if (forgotten.includes(Number(runId.slice(4)))) throw new WorkflowNotFoundError('gone', workflowId, runId);
        return history;
      },
    }),
  };
  const withDeadline = (_: number, call: () => Promise<unknown>) => call();
  return { client: { workflow, withDeadline } as unknown as Client, asked };
}

describe('an export of many', () => {
  let to: string;
  beforeEach(async () => void (to = await mkdtemp(path.join(tmpdir(), 'gatehouse-export-'))));
  afterEach(() => rm(to, { recursive: true, force: true }));

  const exported = async (client: Client, which: Which = {}) => {
    const told: number[] = [];
    const done = { to, scrub: (history: unknown) => history, tell: (written: number) => told.push(written) };
    return { ...(await exportAll(client, { ...which, ...done })), told };
  };

  it('is a folder of whole histories that can be read back, one per execution', async () => {
    const { client } = await serverWith(12, [3, 7]);
    expect(await exported(client)).toMatchObject({ written: 10, gone: 2, told: expect.arrayContaining([1, 10]) });
    const names = await readdir(to);
    expect(names).toHaveLength(10);
    expect(names).toContain('run_default_SHOP-0.run-0.json.gz');
    for (const file of (await historyFiles(to))!)
      expect((await readHistory(file)).workflowId).toBe('release/default/REC-2');
  });
  it('leaves out no type of workflow that the worker knows', async () => {
    const index = await readFile(new URL('../../workflows/index.ts', import.meta.url), 'utf8');
    const known = [...index.matchAll(/^export \{ (\w+) \}/gm)].map(([, name]) => name);
    expect(known.toSorted()).toEqual([...TYPES].toSorted());
  });
  it('that is done again replaces what it wrote', async () => {
    const { client } = await serverWith(2);
    await exported(client);
    expect(await exported(client)).toMatchObject({ written: 2 });
    expect(await readdir(to)).toHaveLength(2);
  });
  it.each<[Which, string]>([
    [{}, 'WorkflowType IN ("pipelineRun", "environment", "releaseWatch", "survey")'],
    [
      { live: true },
      'WorkflowType IN ("pipelineRun", "environment", "releaseWatch", "survey") AND ExecutionStatus = "Running"',
    ],
    [
      { status: 'parked' },
      'WorkflowType = "pipelineRun" AND ExecutionStatus = "Running" AND GatehouseStatus = "parked"',
    ],
    [
      { status: 'failed' },
      'WorkflowType = "pipelineRun" AND (GatehouseStatus = "failed" OR ExecutionStatus = "TimedOut")',
    ],
  ])('of %j asks for just those', async (which, query) => {
    const { client, asked } = await serverWith(0);
    await exported(client, which);
    expect(asked).toEqual([query]);
  });
});

describe('a scrubbed history', () => {
  const payload = (text: string, encoding = 'json/plain') => ({
    metadata: { encoding: Buffer.from(encoding).toString('base64') },
    data: Buffer.from(text).toString('base64'),
  });
  const textOf = ({ data }: { data: string }) => Buffer.from(data, 'base64').toString('utf8');

  it('names no place of this machine, also where it is said in a payload', () => {
    const history = {
      events: [
        { message: `${homedir()}/a failed`, input: payload(`{"repository":"/data/shop","at":"${tmpdir()}/x"}`) },
      ],
    };
    const { events } = scrubbed(history, ['/data/']) as any;
    expect(events[0].message).toBe('/srv/data/a failed');
    expect(textOf(events[0].input)).toBe('{"repository":"/srv/data/shop","at":"/srv/data/x"}');
  });
  it('takes the longest place first, and cuts no name short', () => {
    expect(scrubbed({ at: '/data/own/x /data/y /database' }, ['/data', '/data/own'])).toEqual({
      at: '/srv/data/x /srv/data/y /database',
    });
  });
  it('has no identities, no stack traces, and no queue that is named after a machine', () => {
    const history = {
      identity: '7@machine',
      failure: { message: 'No.', stackTrace: 'at /a' },
      taskQueue: { name: '7@machine-abc', kind: 'TASK_QUEUE_KIND_STICKY', normalName: 'gatehouse' },
    };
    expect(scrubbed(history)).toEqual({
      failure: { message: 'No.' },
      taskQueue: { name: 'sticky', kind: 'TASK_QUEUE_KIND_STICKY', normalName: 'gatehouse' },
    });
  });
  it('keeps what is encrypted byte for byte', () => {
    const secret = {
      metadata: { encoding: 'YmluYXJ5L2VuY3J5cHRlZA==' },
      data: Buffer.from([0, 255, 47, 116]).toString('base64'),
    };
    expect(scrubbed({ secret })).toEqual({ secret });
  });
});
