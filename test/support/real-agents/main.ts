import { execa } from 'execa';
import { fetchAgent } from './fetching.ts';
import { REAL_AGENTS, type RealAgent } from './versions.ts';

/** `npm run test:agents`: fetches the real coding agents, and runs their tests one after another. */
for (const name of Object.keys(REAL_AGENTS) as RealAgent['name'][]) {
  await fetchAgent(name, (line) => void process.stderr.write(`${line}\n`));
}
// `npm test` matches the tests of one agent only, by their names.
const matching = ['--testMatch', '**/test/agents/*.{test,real}.ts', '--runInBand'];
const { exitCode } = await execa('npm', ['run', '--silent', 'jest', '--', ...matching, ...process.argv.slice(2)], {
  env: { REAL_AGENTS: 'all' },
  stdio: 'inherit',
  reject: false,
});
process.exitCode = exitCode ?? 1;
