import { gzipSync } from 'node:zlib';
import { DIFF_BYTES, type PeekActivities } from '../../workflows/contracts/run/peek.ts';
import type { Ports } from '../ports.ts';

/** What people look at in passing. Nothing is changed. */
export const peekActivities = ({ forge, executor }: Pick<Ports, 'forge' | 'executor'>): PeekActivities => ({
  async readDiff({ change, ...known }) {
    const found = await forge.diff?.(change, known);
    if (!found) return { is: 'none' };
    const { bytes, head, base } = found;
    const truncated = found.truncated || bytes.length > DIFF_BYTES;
    return { is: 'diff', gzip: gzipSync(wholeLines(bytes)).toString('base64'), truncated, head, base };
  },

  readLog: async (question) => (await executor.readLog?.(question)) ?? { is: 'none' },
});

/** As many lines as may be shown. */
function wholeLines(bytes: Buffer): Buffer {
  if (bytes.length <= DIFF_BYTES) return bytes;
  const end = bytes.lastIndexOf(0x0a, DIFF_BYTES - 1);
  return bytes.subarray(0, end < 0 ? DIFF_BYTES : end + 1);
}
