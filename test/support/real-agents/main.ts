import { execa } from 'execa';
import { fetchAgent } from './fetching.ts';
import { REAL_AGENTS, type RealAgent } from './versions.ts';

/** `npm run test:agents`: fetches the real coding agents, and runs their tests one after another. */
for (const name of Object.keys(REAL_AGENTS) as RealAgent['name'][]) {
  await fetchAgent(name, (line) => void process.stderr.write(`${line}\n`));
}
const args = process.argv.slice(2);
const { exitCode } = await execa('npm', ['run', '--silent', 'jest', '--', '--runInBand', 'test/agents', ...args], {
  env: { REAL_AGENTS: 'all' },
  stdio: 'inherit',
  reject: false,
});
process.exitCode = exitCode ?? 1;
