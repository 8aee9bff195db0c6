import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import path from 'node:path';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { exportAll, TYPES, type Which } from '../../client/exporting.ts';
import { historyFiles, readHistory } from '../../client/offline/histories.ts';
import { scrubbed } from '../../client/offline/scrubbing.ts';
import { folderOf } from '../replay/corpus.ts';

/** A server that lists these executions, but has deleted some of them when their history is fetched. */
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

describe('an export of many histories', () => {
  let to: string;
  beforeEach(async () => void (to = await mkdtemp(path.join(tmpdir(), 'gatehouse-export-'))));
  afterEach(() => rm(to, { recursive: true, force: true }));

  const exported = async (client: Client, which: Which = {}) => {
    const reported: number[] = [];
    const done = { to, scrub: (history: unknown) => history, tell: (written: number) => reported.push(written) };
    return { ...(await exportAll(client, { ...which, ...done })), told: reported };
  };

  it('is a folder with one complete, readable history per execution', async () => {
    const { client } = await serverWith(12, [3, 7]);
    expect(await exported(client)).toMatchObject({ written: 10, gone: 2, told: expect.arrayContaining([1, 10]) });
    const names = await readdir(to);
    expect(names).toHaveLength(10);
    expect(names).toContain('run_default_SHOP-0.run-0.json.gz');
    for (const file of (await historyFiles(to))!)
      expect((await readHistory(file)).workflowId).toBe('release/default/REC-2');
  });
  it('includes every workflow type of the worker, but those that look at something for somebody', async () => {
    const index = await readFile(new URL('../../workflows/index.ts', import.meta.url), 'utf8');
    const known = [...index.matchAll(/^export \{ (\w+) \}/gm)].map(([, name]) => name);
    expect(known.toSorted()).toEqual([...TYPES, 'peek'].toSorted());
  });
  it('replaces the files of an earlier export', async () => {
    const { client } = await serverWith(2);
    await exported(client);
    expect(await exported(client)).toMatchObject({ written: 2 });
    expect(await readdir(to)).toHaveLength(2);
  });
  it.each<[Which, string]>([
    [{}, 'WorkflowType IN ("pipelineRun", "environment", "releaseWatch", "survey", "recovery")'],
    [
      { live: true },
      'WorkflowType IN ("pipelineRun", "environment", "releaseWatch", "survey", "recovery") AND ExecutionStatus = "Running"',
    ],
    [
      { status: 'parked' },
      'WorkflowType = "pipelineRun" AND ExecutionStatus = "Running" AND GatehouseStatus = "parked"',
    ],
    [
      { status: 'failed' },
      'WorkflowType = "pipelineRun" AND (GatehouseStatus = "failed" OR ExecutionStatus = "TimedOut")',
    ],
  ])('with the filter %j queries only those', async (which, query) => {
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

  it('contains no path of this machine, not even in payloads', () => {
    const history = {
      events: [
        { message: `${homedir()}/a failed`, input: payload(`{"repository":"/data/shop","at":"${tmpdir()}/x"}`) },
      ],
    };
    const { events } = scrubbed(history, ['/data/']) as any;
    expect(events[0].message).toBe('/srv/data/a failed');
    expect(textOf(events[0].input)).toBe('{"repository":"/srv/data/shop","at":"/srv/data/x"}');
  });
  it('replaces the longest path first, and never a part of a name', () => {
    expect(scrubbed({ at: '/data/own/x /data/y /database' }, ['/data', '/data/own'])).toEqual({
      at: '/srv/data/x /srv/data/y /database',
    });
  });
  it('has no identities, no stack traces and no names of machines in task queues', () => {
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
  it('keeps encrypted payloads byte for byte', () => {
    const secret = {
      metadata: { encoding: 'YmluYXJ5L2VuY3J5cHRlZA==' },
      data: Buffer.from([0, 255, 47, 116]).toString('base64'),
    };
    expect(scrubbed({ secret })).toEqual({ secret });
  });
});
