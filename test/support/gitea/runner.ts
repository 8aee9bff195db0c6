import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parse } from 'yaml';
import { program } from '../programs.ts';
import type { GiteaServer } from './server.ts';

/** What a workflow's job says, as far as this runner can do it. */
interface Job {
  steps: { name?: string; run?: string; uses?: string; env?: Record<string, string> }[];
}

interface Task {
  id: string;
  workflowPayload: string;
  context: { token: string; sha: string; repository: string };
}

const PAUSE_MS = 200;
type Result = 'RESULT_SUCCESS' | 'RESULT_FAILURE' | 'RESULT_CANCELLED';

/**
 * A runner for the Actions of a Gitea: it really runs the steps of real workflows, one job at a time, on this machine.
 * `uses: actions/checkout` checks the commit out; other actions are not known.
 */
export class ActionsRunner {
  private headers: Record<string, string> = {};
  private stopping = false;
  private loop: Promise<void> | undefined;
  /** While it is held it takes no jobs, so that checks stay queued. */
  held = false;
  /** The jobs that it ran: `repository job result`. */
  readonly ran: string[] = [];

  private constructor(private readonly server: GiteaServer) {}

  /** Registers for all repositories of the server, and begins to take jobs for `ubuntu-latest`. */
  static async start(server: GiteaServer): Promise<ActionsRunner> {
    const runner = new ActionsRunner(server);
    const { token } = await server.do('POST', '/admin/actions/runners/registration-token');
    const labels = ['ubuntu-latest'];
    const { runner: made } = await runner.call('Register', { name: 'ours', token, version: 'v1', labels });
    runner.headers = { 'x-runner-uuid': made.uuid, 'x-runner-token': made.token };
    await runner.call('Declare', { version: 'v1', labels });
    runner.loop = runner.work();
    return runner;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.loop;
  }

  private async work(): Promise<void> {
    for (let tasksVersion = '0'; !this.stopping; await pause(PAUSE_MS)) {
      if (this.held) continue;
      // A server that is away comes back.
      const answer = await this.call('FetchTask', { tasksVersion }).catch(() => undefined);
      if (answer === undefined) continue;
      if (!answer.task) tasksVersion = answer.tasksVersion ?? '0';
      else await this.run(answer.task).catch((failure: Error) => this.ran.push(`lost: ${failure.message}`));
    }
  }

  private async run(task: Task): Promise<void> {
    const workflow = parse(Buffer.from(task.workflowPayload, 'base64').toString()) as { jobs: Record<string, Job> };
    const [name, job] = Object.entries(workflow.jobs)[0]!;
    const startedAt = new Date().toISOString();
    await this.call('UpdateTask', { state: { id: task.id, startedAt } });
    const folder = await mkdtemp(path.join(tmpdir(), 'gatehouse-test-runner-'));
    try {
      const { result, lines } = await this.steps(task, job, folder);
      const time = new Date().toISOString();
      const rows = lines.map((content) => ({ time, content }));
      await this.call('UpdateLog', { taskId: task.id, index: '0', rows, noMore: true });
      const state = { id: task.id, result, startedAt, stoppedAt: new Date().toISOString() };
      this.ran.push(`${task.context.repository} ${name} ${result}`);
      await this.call('UpdateTask', { state });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  private async steps({ context }: Task, { steps }: Job, folder: string): Promise<{ result: Result; lines: string[] }> {
    const lines: string[] = [];
    for (const { run, uses, env = {} } of steps) {
      const args = run === undefined ? ['-ec', checkout(uses)] : ['-ec', run];
      lines.push(`##[group]${run ?? uses}`);
      const { stdout, stderr, exitCode } = await program('bash', args, {
        cwd: folder,
        env: { ...env, ...inCheckout(context, this.server.address), GATEHOUSE_URL: undefined },
        reject: false,
      });
      lines.push(...`${stdout}\n${stderr}`.split('\n').filter((line) => line !== ''), '##[endgroup]');
      if (exitCode === 0) continue;
      lines.push(`##[error]The step ended with exit code ${exitCode}.`);
      return { result: 'RESULT_FAILURE', lines };
    }
    return { result: 'RESULT_SUCCESS', lines };
  }

  private async call(method: string, body: object): Promise<any> {
    const response = await fetch(`${this.server.address}/api/actions/runner.v1.RunnerService/${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...this.headers },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
    if (!response.ok) throw new Error(`${method}: ${response.status} ${await response.text()}`);
    return response.json();
  }
}

const checkout = (uses = ''): string => {
  if (!uses.startsWith('actions/checkout')) throw new Error(`This runner does not know ${uses}.`);
  return 'git init --quiet . && git fetch --quiet --depth 1 "$ORIGIN" "$GITHUB_SHA" && git checkout --quiet FETCH_HEAD';
};

const inCheckout = ({ token, sha, repository }: Task['context'], address: string): Record<string, string> => ({
  CI: 'true',
  GITHUB_SHA: sha,
  GITHUB_REPOSITORY: repository,
  ORIGIN: `${address}/${repository}`,
  GIT_TERMINAL_PROMPT: '0',
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: `http.${address}/.extraHeader`,
  GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from(`x:${token}`).toString('base64')}`,
});
