import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { jest } from '@jest/globals';
import { OtlpReceiver } from '../support/otlp.ts';
import { freePort } from '../support/ports.ts';
import { TestRepository } from '../support/repository.ts';
import { TestStack } from '../support/stack.ts';
import { until } from '../support/until.ts';

jest.setTimeout(300_000);

const collector = new OtlpReceiver();
let stack: TestStack;
let port: number;
let home: string;

beforeAll(async () => {
  port = await freePort();
  stack = await TestStack.started({
    OTEL_EXPORTER_OTLP_ENDPOINT: await collector.start(),
    GATEHOUSE_METRICS_PORT: String(port),
  });
  home = path.join(stack.home, 'traced-ledger');
  const repository = await TestRepository.create(
    stack.home,
    'traced',
    [
      `checks: { test: 'echo "$TRACEPARENT" > ${home}/check' }`,
      `environment: { start: 'exec node server.mjs ${home}', ready: /healthz }`,
      `agents: { default: 'echo "$TRACEPARENT" > ${home}/agent; exec node agent.mjs ${home}' }`,
      '',
    ].join('\n'),
  );
  await stack.startRun('TRACE-1', repository);
  await stack.parked('TRACE-1', 'human-test');
});
afterAll(async () => {
  await stack.remove();
  await collector.stop();
});

const ofRun = () => {
  const trace = collector.spans.find(({ name }) => name === 'StartWorkflow:pipelineRun')?.trace;
  return collector.spans.filter((span) => span.trace === trace);
};

it('serves the metrics of a worker and of its SDK in one scrape', async () => {
  const text = await until('the wait is shown', async () => {
    const scraped = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return scraped.includes('what="person"') ? scraped : undefined;
  });
  for (const sample of [
    /^gatehouse_runs\{status="parked"\} 1$/m,
    /^gatehouse_waiting_seconds\{gate="human-test",what="person"\} \d/m,
    /^gatehouse_attempts_total\{role="coder",outcome="completed"\} 1$/m,
    /^gatehouse_environments 1$/m,
    /^gatehouse_runners\{state="heard"\} 1$/m,
    /^temporal_request\w*\{/m,
    /^temporal_workflow_task_schedule_to_start_latency_bucket\{/m,
    /^temporal_sticky_cache_size\{/m,
  ]) {
    expect(text).toMatch(sample);
  }
  const typed = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name);
  expect(typed).toEqual([...new Set(typed)]);
});

it('a run is one trace: who started it, the run, its activities, and the commands that they started', async () => {
  expect(await stack.gatehouse('confirm', 'TRACE-1')).toMatchObject({ code: 0 });
  await stack.ended('TRACE-1');
  const run = await until('the span of the run', () => ofRun().find(({ name }) => name === 'RunWorkflow:pipelineRun'));
  const start = ofRun().find(({ name }) => name === 'StartWorkflow:pipelineRun')!;
  expect(run.parent).toBe(start.id);
  const activities = await until('the span of the job', () => {
    const all = ofRun().filter(({ name }) => name.startsWith('RunActivity:'));
    return all.some(({ name }) => name === 'RunActivity:runJob') ? all : undefined;
  });
  const jobs = activities.filter(({ name }) => name === 'RunActivity:runJob');
  expect(new Set(jobs.map(({ parent }) => parent))).toEqual(new Set([run.id]));
  const environment = await until('the span of the environment', () =>
    ofRun().find(({ name }) => name === 'RunWorkflow:environment'),
  );
  expect(environment.parent).toBe(run.id);
  expect(new Set(activities.map(({ parent }) => parent))).toEqual(new Set([run.id, environment.id]));
  const given = async (command: string) => (await readFile(path.join(home, command), 'utf8')).trim().split('-');
  const [, trace, span] = await given('agent'); // the last agent that ran
  expect([trace, jobs.map(({ id }) => id)]).toEqual([run.trace, expect.arrayContaining([span])]);
  // The poll that started the check found nothing new, so its own span is not sent.
  expect((await given('check'))[1]).toBe(run.trace);
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(text).toMatch(/^gatehouse_step_seconds_count\{gate="coder",outcome="passed"\} 1$/m);
  expect(text).toMatch(/^gatehouse_action_to_effect_seconds_count\{action="confirm"\} 1$/m);
  for (const { said } of collector.spans) expect(said).not.toMatch(/A task|it grew|traced/);
});
