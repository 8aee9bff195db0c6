import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { commandExecutor } from '../../activities/adapters/local/command-executor/index.ts';
import type { Job, JobReport } from '../../workflows/contracts/activities.ts';
import { commandJob } from './builders.ts';
import { removeFolder } from './folders.ts';
import { inCheckouts } from './local.ts';
import { program } from './programs.ts';
import { until } from './until.ts';

const CHECKOUT = `if git show-ref --quiet "refs/heads/$1"
  then git checkout --quiet "$1" --; else git checkout --quiet -B "$1"; fi`;
const COMMIT = `git add --all && git -c user.name=Ana -c user.email=ana@shop.example \\
  commit --quiet --allow-empty -m "on $1" && git rev-parse HEAD`;

/**
 * A repository on disk whose agent is a shell script, and an executor that runs it. `$T` in scripts is the folder of the
 * test.
 */
export class AgentRig {
  private constructor(
    readonly home: string,
    readonly repository: string,
  ) {}

  static async create(): Promise<AgentRig> {
    const home = await mkdtemp(path.join(tmpdir(), 'gatehouse-agents-'));
    const repository = path.join(home, 'shop');
    await program('git', ['init', '--quiet', '--template=', '--initial-branch', 'main', repository]);
    return new AgentRig(home, repository);
  }

  dispose = () => removeFolder(this.home);
  git = async (...args: string[]) => (await program('git', args, { cwd: this.repository })).stdout;
  read = (name: string) => readFile(path.join(this.home, name), 'utf8');

  /** Commits to a branch, which is created from the current head if it is new. Returns the commit. */
  async commit(branch: string, files: Record<string, string>): Promise<string> {
    await this.sh(CHECKOUT, branch);
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(this.repository, name), text);
    return this.sh(COMMIT, branch);
  }

  /** Makes the script the agent of every role, and returns a job for it. */
  async job(script: string, over: Partial<Job> = {}): Promise<Job> {
    const basis = await this.commit('main', {
      'agent.sh': script.replaceAll('$T', this.home),
      '.gatehouse.yml': 'agents: { default: sh agent.sh }\n',
    });
    return commandJob(this.repository, basis, over);
  }

  /** Runs several commands at once, because a test takes longer to start a process than git takes to work. */
  private async sh(script: string, branch: string): Promise<string> {
    return (await program('/bin/sh', ['-c', script, 'sh', branch], { cwd: this.repository })).stdout;
  }

  async run(job: Job): Promise<JobReport> {
    const executor = commandExecutor(inCheckouts({ root: path.join(this.home, 'data'), environment: process.env }));
    await executor.ensure(job);
    return until(`${job.key} ends`, async () => {
      const look = await executor.look(job.key);
      return look.is === 'running' ? undefined : look;
    });
  }
}
