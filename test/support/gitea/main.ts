import { execa } from 'execa';
import { buildGitea } from './program.ts';

/** `npm run test:forges`: builds a real Gitea once, and runs the tests against it. Arguments are added to jest's. */
await buildGitea((line) => void process.stderr.write(`${line}\n`));
const matching = ['--testMatch', '**/test/forges/*.real.ts', '--maxWorkers', '2'];
const { exitCode } = await execa('npm', ['run', '--silent', 'jest', '--', ...matching, ...process.argv.slice(2)], {
  stdio: 'inherit',
  reject: false,
});
process.exitCode = exitCode ?? 1;
