import { dataConverterOf } from '../../../worker/configuration/converting.ts';
import { readConfig } from '../../config.ts';
import { shown } from '../../legible.ts';
import { historyFiles } from '../../offline/histories.ts';
import type { Called } from '../called.ts';
import { EXIT, Usage } from '../exit-codes.ts';
import { print, say } from '../output.ts';
import { nowAndThen } from '../progress.ts';

/** Replays exported histories on the code of this build. */
export async function replayHistories({ args: [places], json }: Called<[string[]]>): Promise<number> {
  const files: string[] = [];
  for (const place of places) {
    const found = await historyFiles(place);
    if (!found) throw new Usage(`${place}: expected a file with an exported history, or a folder of them`);
    if (found.length === 0) throw new Usage(`${place}: expected .json or .json.gz histories in this folder`);
    files.push(...found);
  }
  const { replay } = await import('../../offline/replay.ts');
  const showProgress = nowAndThen((done) => `${done} of ${files.length} replayed`);
  const results = await replay([...new Set(files)], {
    ...dataConverterOf(readConfig().codecKeys),
    tell({ file, ok, because }, done) {
      if (!ok) say(shown(`BROKEN ${file}: ${because}`));
      showProgress(done);
    },
  });
  const broken = results.filter(({ ok }) => !ok).length;
  print(json, results, () =>
    broken === 0
      ? `ok: this build can continue all ${results.length}.`
      : `BROKEN: this build cannot continue ${broken} of ${results.length} histories.`,
  );
  return broken === 0 ? EXIT.done : EXIT.failed;
}
