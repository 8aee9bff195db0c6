import { existsSync } from 'node:fs';
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { program } from './programs.ts';
import { until } from './until.ts';

const AGENT = `
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
const home = process.argv[2];
const job = JSON.parse(readFileSync(process.env.GATEHOUSE_JOB, 'utf8'));
const note = (line) => appendFileSync(home + '/ledger', line + '\\n');
note('begins ' + job.key);
while (existsSync(home + '/hold-' + job.role)) await new Promise((resolve) => setTimeout(resolve, 20));
const outputs = {
  reviewer: { rating: 0.9, summary: 'fine' },
  merger: { complexity: 0.1, risk: 0.1, impact: 0.1, rationale: 'small' },
};
if (job.role === 'coder') writeFileSync('made-by-coder.txt', job.task.id + '\\n');
if (job.role === 'fixer') writeFileSync('made-by-fixer.txt', job.brief + '\\n');
writeFileSync(process.env.GATEHOUSE_RESULT, JSON.stringify({ summary: job.role + ' is done', output: outputs[job.role] }));
note('ends ' + job.key);
`;

const SERVER = `
import { createServer } from 'node:http';
import { existsSync } from 'node:fs';
const home = process.argv[2];
createServer((request, response) => {
  response.statusCode = request.url === '/healthz' && existsSync(home + '/hold-environment') ? 503 : 200;
  response.end('the change');
}).listen(Number(process.env.PORT), '127.0.0.1');
`;

/** A repository whose agents, check and server can be held. They record every job in a ledger, outside of gatehouse. */
export class TestRepository {
  private constructor(
    readonly path: string,
    readonly home: string,
  ) {}

  static async create(home: string, name: string, settings = ''): Promise<TestRepository> {
    const folder = path.join(home, name);
    const own = path.join(home, `${name}-ledger`);
    await mkdir(folder, { recursive: true });
    await mkdir(own, { recursive: true });
    await writeFile(path.join(own, 'ledger'), '');
    const repository = new TestRepository(folder, own);
    await program('git', ['init', '--quiet', '--initial-branch', 'main'], { cwd: folder });
    await repository.write({
      '.gatehouse.yml':
        settings ||
        [
          `checks:`,
          `  test: 'echo begins check >> ${own}/ledger; while [ -e ${own}/hold-check ]; do sleep 0.02; done; echo ends check >> ${own}/ledger'`,
          `environment: { start: 'exec node server.mjs ${own}', ready: /healthz }`,
          `agents: { default: 'node agent.mjs ${own}' }`,
          '',
        ].join('\n'),
      'agent.mjs': AGENT,
      'server.mjs': SERVER,
    });
    return repository;
  }

  async write(files: Record<string, string>, message = 'a commit'): Promise<void> {
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(this.path, name), text);
    const as = ['-c', 'user.name=Ana', '-c', 'user.email=ana@shop.example', '-c', 'commit.gpgsign=false'];
    await program('git', ['add', '--all'], { cwd: this.path });
    await program('git', [...as, 'commit', '--quiet', '--message', message], { cwd: this.path });
  }

  async git(...args: string[]): Promise<string> {
    return (await program('git', args, { cwd: this.path })).stdout;
  }

  hold = (what: string) => appendFile(path.join(this.home, `hold-${what}`), '');
  letGo = (what: string) => rm(path.join(this.home, `hold-${what}`), { force: true });
  isHeld = (what: string) => existsSync(path.join(this.home, `hold-${what}`));
  ledger = async () => (await readFile(path.join(this.home, 'ledger'), 'utf8')).split('\n').filter(Boolean);
  noted = (line: string) =>
    until(`"${line}" in the ledger`, async () => (await this.ledger()).find((each) => each.startsWith(line)));
}
