import path from 'node:path';
import type { Command } from 'commander';
import { found } from '../../workflows/contracts/bad-fields.ts';
import { isJson, toldFrom, withRuns, workflowIdOf } from './context.ts';
import { Usage } from './exit-codes.ts';
import { jsonFileOf } from './files.ts';
import type { Ended } from './main.ts';
import { print, say } from './output.ts';
import { watch } from './watch.ts';

interface Options {
  task?: string;
  title?: string;
  description?: string;
  pipeline?: string;
  workspace?: string;
  base?: string;
  branch?: string;
  pullRequest?: string;
  startedBy?: string;
  file?: string;
  watch?: boolean;
  fresh?: boolean;
}

export function addStart(program: Command, ended: Ended): void {
  const start = program
    .command('start [repository]')
    .description('Starts a run, or retries one that did not end well.');
  start
    .option('--task <id>', 'the task’s id')
    .option('--title <text>', 'what the task is, in a line')
    .option('--description <text>', 'what the task is, in full')
    .option('--pipeline <name>', 'a built-in pipeline')
    .option('--workspace <id>', 'default: default')
    .option('--base <branch>', 'what it merges into; default: the repository’s default branch')
    .option('--branch <branch>', 'the work branch; default: gatehouse/<task>')
    .option('--pull-request <number>', 'an existing pull request')
    .option('--started-by <who>', 'who starts it')
    .option('--file <path>', 'a start input as JSON; flags override it')
    .option('--fresh', 'begin anew, even after a run that did not end well')
    .option('--watch', 'tell its story until it ends')
    .action(async (repository: string | undefined, options: Options) => {
      const wish = await wishOf(repository, options);
      await withRuns(async ({ runs, config }) => {
        const { workflowId, runId, retried, examined } = await runs.start(wish, { fresh: options.fresh === true });
        if (!examined) say('No worker has looked at it yet. Is one running? Try: gatehouse doctor');
        const json = isJson(start);
        if (!options.watch || !json) {
          print(
            json,
            { workflowId, runId, retried, examined },
            () => `${workflowId} ${retried ? 'goes on where it failed' : 'has started'}.`,
          );
        }
        if (options.watch)
          ended(await watch({ runs, config: await toldFrom(config), workflowId, json, until: undefined }));
      });
    });

  const retry = program.command('retry <run>').description('Goes on with a closed run from where it failed.');
  retry
    .option('--from <step>', 'an earlier step to go on from')
    .action(async (run: string, { from }: { from?: string }) => {
      const step = from === undefined ? undefined : Number(from);
      if (step !== undefined && !Number.isInteger(step))
        throw new Usage(`--from: expected a step’s number, found ${found(from)}`);
      await withRuns(async ({ runs }) => {
        const again = await runs.retry(workflowIdOf(run), step === undefined ? {} : { from: step });
        print(isJson(retry), { ...again, retried: true }, () => `${again.workflowId} goes on.`);
      });
    });
}

/** The start input: a file, and what the flags say over it. */
async function wishOf(repository: string | undefined, options: Options): Promise<Record<string, unknown>> {
  const base = options.file === undefined ? {} : await jsonFileOf('--file', options.file);
  const { task: id, title, description, pipeline, workspace, startedBy } = options;
  const { pullRequest: named } = options;
  const pullRequest = named !== undefined && /^\d+$/.test(named) ? Number(named) : named;
  const change = {
    repository: repository && absolute(repository),
    base: options.base,
    branch: options.branch,
    pullRequest,
  };
  return {
    ...base,
    ...given({ workspace, pipeline, startedBy }),
    task: { ...(base['task'] as object | undefined), ...given({ id, title, description }) },
    change: { ...(base['change'] as object | undefined), ...given(change) },
  };
}

/** A local path is absolute on the wire; what looks like an address is left alone. */
const absolute = (repository: string): string =>
  /^[a-z][a-z0-9+.-]*:\/\//i.test(repository) ? repository : path.resolve(repository);

const given = (fields: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
