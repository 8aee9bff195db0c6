import { GoneRuns } from '../../activities/survey/gone-runs.ts';
import { MadeServer, type Made } from '../support/server.ts';

const NOW = Date.parse('2026-11-26T12:00:00.000Z');
const ago = (seconds: number) => new Date(NOW - seconds * 1_000).toISOString();
const cut = (task: string, over: Partial<Made> = {}): Made => ({
  workflowId: `run/default/${task}`,
  runId: `${task}-1`,
  status: 'TERMINATED',
  closedAt: ago(5),
  ...over,
});
const site = (task: string): Made => ({ workflowId: `env/default/${task}`, runId: `site-${task}` });
const releasedBy = ({ released }: MadeServer) => released.map(({ workflowId }) => workflowId);

it.each(['TERMINATED', 'TIMED_OUT'])(
  'the environment of a run that was %s is notified once, with the first run id of the chain',
  async (status) => {
    const server = new MadeServer([cut('A', { status, firstRunId: 'A-0' }), site('A'), site('B')]);
    const runs = new GoneRuns();
    await runs.releaseEnvironments(server, NOW);
    await runs.releaseEnvironments(server, NOW + 10_000);
    expect(server.released).toEqual([
      { workflowId: 'env/default/A', holder: { workflowId: 'run/default/A', runId: 'A-0' } },
    ]);
  },
);

it('no other environment is notified', async () => {
  const server = new MadeServer([
    ...[
      cut('LONG-AGO', { closedAt: ago(700) }),
      cut('ENDED', { status: 'COMPLETED' }),
      cut('LIVE', { status: 'RUNNING' }),
    ],
    ...[cut('RESET'), cut('RESET', { runId: 'RESET-2', firstRunId: 'RESET-1', status: 'RUNNING' })],
    ...[cut('AGAIN'), cut('AGAIN', { runId: 'AGAIN-2', status: 'RUNNING' })],
    ...['LONG-AGO', 'ENDED', 'LIVE', 'RESET', 'AGAIN'].map(site),
  ]);
  await new GoneRuns().releaseEnvironments(server, NOW);
  expect(releasedBy(server)).toEqual([]);
});

it('the server is asked every ten seconds, however many environments poll', async () => {
  const server = new MadeServer([cut('A'), site('A')]);
  const runs = new GoneRuns();
  await runs.releaseEnvironments(server, NOW);
  server.executions.push(cut('B'), site('B'));
  await runs.releaseEnvironments(server, NOW + 9_999);
  expect(releasedBy(server)).toEqual(['env/default/A']);
  await runs.releaseEnvironments(server, NOW + 10_000);
  expect(releasedBy(server)).toEqual(['env/default/A', 'env/default/B']);
});

it('a missing environment does not delay the others, and failed notifications are retried', async () => {
  const server = new MadeServer([cut('GONE'), cut('A'), site('A')]);
  const runs = new GoneRuns();
  server.down = true;
  await expect(runs.releaseEnvironments(server, NOW)).rejects.toThrow('down');
  server.down = false;
  await runs.releaseEnvironments(server, NOW + 10_000);
  expect(releasedBy(server)).toEqual(['env/default/A']);
});
