import { readConfig } from '../../client/config.ts';
import { acquireTemporal } from '../../client/local-stack/acquire.ts';

/** Gets the Temporal server before the first test: that may take minutes once, which no test's own time should pay. */
export default async function acquire(): Promise<void> {
  const { variables, cache, environment } = readConfig();
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  try {
    const cliPath = variables.TEMPORAL_CLI_PATH;
    await acquireTemporal({ cliPath, searchPath: environment['PATH'], cache, say });
  } catch (failure) {
    say((failure as Error).message); // the tests that need it will say so too; all others can do without
  }
}
