import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { parse, stringify } from 'yaml';
import { Metrics } from '../../../../worker/metrics/metrics.ts';
import { serveMetrics } from '../../../../worker/metrics/serving.ts';
import { removeFolder } from '../../folders.ts';
import { freePort } from '../../ports.ts';
import { stateIn } from '../../state/databases.ts';
import { until } from '../../until.ts';
import type { Proving } from '../proofs.ts';

const deploy = fileURLToPath(new URL('../../../../worker/deploy/', import.meta.url));
/** What is made to fire here: two alerts of two sources, the SDK and a forge. */
const WANTED = ['GatehouseForgeRefusesCredentials', 'GatehouseWorkflowTasksFail'];

type Running = ReturnType<typeof running>;

interface Rules {
  groups: { rules: { for?: string; expr: string }[] }[];
}

/**
 * Checks the rules with `promtool`; then a real Prometheus scrapes our server, evaluates the rules, and a real Alertmanager has the
 * alerts that it sends. Nothing but how long a condition must hold is changed for that.
 */
export async function prometheus({ say }: Proving): Promise<string> {
  await execa('promtool', ['check', 'rules', 'alerts.yml'], { cwd: deploy });
  await execa('promtool', ['test', 'rules', 'alerts.test.yml'], { cwd: import.meta.dirname });
  say('promtool: the rules are good, and fire when they should');
  const home = await mkdtemp(path.join(tmpdir(), 'gatehouse-prometheus-'));
  const programs: Running[] = [];
  const closing: (() => Promise<unknown>)[] = [() => removeFolder(home)];
  try {
    const metricsAt = await bad(home, closing);
    const alertmanager = await startAlertmanager(home, programs);
    const at = await startPrometheus(home, { metricsAt, alertmanager }, programs);
    say('Prometheus and Alertmanager are up');
    await within('Prometheus has scraped us', async () => {
      const { data } = await json<{ data: { result: { value: [number, string] }[] } }>(
        `${at}/api/v1/query?query=${encodeURIComponent('up{job="gatehouse"}')}`,
      );
      return data.result.some(({ value }) => value[1] === '1');
    });
    const fired = await within('the alerts are at Alertmanager', async () => {
      const alerts = await json<{ labels: { alertname: string } }[]>(`${alertmanager}/api/v2/alerts?active=true`);
      const names = new Set(alerts.map(({ labels }) => labels.alertname));
      return WANTED.every((name) => names.has(name)) ? [...names] : undefined;
    });
    return `scraped by a real Prometheus; at Alertmanager: ${fired.sort().join(', ')}`;
  } finally {
    for (const each of programs) each.kill('SIGKILL');
    await Promise.allSettled(programs);
    for (const close of closing.reverse()) await close();
  }
}

/** Serves the metrics of a worker whose forge refuses us, and whose workflow tasks fail. Returns its address. */
async function bad(home: string, closing: (() => Promise<unknown>)[]): Promise<string> {
  const began = Date.now();
  const grown = () => 1 + Math.floor((Date.now() - began) / 1_000);
  const sdk = createServer((_request, response) => {
    const name = 'temporal_workflow_task_execution_failed';
    response.end(`# TYPE ${name} counter\n${name}{workflow_type="pipelineRun"} ${grown()}\n`);
  });
  const sdkPort = await freePort();
  await new Promise<void>((resolve) => sdk.listen(sdkPort, '127.0.0.1', resolve));
  const state = stateIn(home);
  const traffic = () => ({ counts: [{ method: 'GET', status: 401, count: grown() }], limits: [] });
  const metrics = new Metrics({ state, forges: () => [{ name: 'gitea', traffic }], log: () => undefined });
  const port = await freePort();
  const served = serveMetrics({
    ...{ host: '127.0.0.1', port, text: () => metrics.text(), log: () => undefined },
    sdk: `http://127.0.0.1:${sdkPort}/metrics`,
  });
  closing.push(
    () => state.close(),
    () => served.close(),
    async () => sdk.close(),
  );
  return `127.0.0.1:${port}`;
}

async function startAlertmanager(home: string, programs: Running[]): Promise<string> {
  const file = path.join(home, 'alertmanager.yml');
  await writeFile(
    file,
    stringify({ route: { receiver: 'nobody', group_wait: '1s' }, receivers: [{ name: 'nobody' }] }),
  );
  const listen = `127.0.0.1:${await freePort()}`;
  const flags = [`--config.file=${file}`, `--storage.path=${path.join(home, 'alertmanager')}`];
  const only = ['--cluster.listen-address=', `--web.listen-address=${listen}`];
  return started('prometheus-alertmanager', [...flags, ...only], listen, programs);
}

async function startPrometheus(
  home: string,
  { metricsAt, alertmanager }: { metricsAt: string; alertmanager: string },
  programs: Running[],
): Promise<string> {
  const rules = parse(await readFile(path.join(deploy, 'alerts.yml'), 'utf8')) as Rules;
  // Nobody waits for minutes here.
  for (const rule of rules.groups.flatMap((group) => group.rules)) if (rule.for) rule.for = '1s';
  await writeFile(path.join(home, 'alerts.yml'), stringify(rules));
  const file = path.join(home, 'prometheus.yml');
  const configuration = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: ['alerts.yml'],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [new URL(alertmanager).host] }] }] },
    scrape_configs: [{ job_name: 'gatehouse', static_configs: [{ targets: [metricsAt] }] }],
  };
  await writeFile(file, stringify(configuration));
  const listen = `127.0.0.1:${await freePort()}`;
  const flags = [`--config.file=${file}`, `--storage.tsdb.path=${path.join(home, 'prometheus')}`];
  return started('prometheus', [...flags, `--web.listen-address=${listen}`], listen, programs);
}

async function started(name: string, flags: string[], listen: string, programs: Running[]): Promise<string> {
  const program = running(name, flags);
  programs.push(program);
  const over = program.then(({ stderr }) => Promise.reject(new Error(`${name} has ended: ${stderr}`)));
  over.catch(() => undefined);
  const url = `http://${listen}`;
  await Promise.race([over, within(`${name} is ready`, () => fetch(`${url}/-/ready`).then(({ ok }) => ok))]);
  return url;
}

const running = (name: string, flags: string[]) => execa(name, flags, { reject: false });

const json = async <T>(url: string): Promise<T> => (await (await fetch(url)).json()) as T;

/** Waits for an answer. What is not up yet has none. */
const within = <T>(what: string, look: () => Promise<T | undefined>) =>
  until(what, () => look().catch(() => undefined));
