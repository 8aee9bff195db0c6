import { readConfig } from '../../client/config.ts';
import { acquireTemporal } from '../../client/local-stack/acquire.ts';
import { fetchAgent } from './real-agents/fetching.ts';
import { IN_CI } from './real-agents/versions.ts';

/**
 * Downloads the Temporal server and one real coding agent before the first test, because that may once take longer than a
 * test's timeout.
 */
export default async function acquire(): Promise<void> {
  const { variables, cache, environment } = readConfig();
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  try {
    const cliPath = variables.TEMPORAL_CLI_PATH;
    await acquireTemporal({ cliPath, searchPath: environment['PATH'], cache, say });
  } catch (failure) {
    say((failure as Error).message); // The tests that need the server will fail with the same message; all others can run.
  }
  // Without it, its tests are skipped, and say so.
  await fetchAgent(IN_CI, say, cache).catch((failure: Error) => say(failure.message));
}
