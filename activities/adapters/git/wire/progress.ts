import { plain } from '../../processes/text.ts';

/** Git's meters: `Receiving objects:  45% (9/20), 1.20 GiB | 3.00 MiB/s`, also those of the other end. */
const METER =
  /(?:remote: )?((?:Enumerating|Counting|Compressing|Receiving|Resolving|Writing|Checking|Updating|Filtering|Unpacking|Downloading|Uploading)[a-z -]*):\s+([^\r\n]*?)\s*(?:\x1b\[K)?(?=[\r\n]|$)/g;

/** The newest meter in git's output, in words: `receiving objects: 45% (9/20), 1.20 GiB | 3.00 MiB/s`. */
export function progressIn(output: string): string | undefined {
  const [, what, how] = [...plain(output.replaceAll('\r', '\n')).matchAll(METER)].at(-1) ?? [];
  return what === undefined ? undefined : `${what.toLowerCase()}: ${how}`;
}

/** What git prints about a pack, whether it succeeds or not. */
const COUNTS = /^(?:remote: )?(?:Delta compression using|Total \d+ \(delta|Done$|Everything up-to-date$)/;

/** What git prints to a person, without its meters: the lines of errors, and those of the other end. */
export const linesOf = (stderr: string): string[] =>
  plain(stderr.replace(/^[^\n]*\r(?=[^\n])/gm, ''))
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '' && !line.match(METER) && !COUNTS.test(line));
