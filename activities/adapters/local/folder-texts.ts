import path from 'node:path';
import type { Texts } from '../../ports.ts';
import { foldersOf, hashOf } from '../files/folders.ts';
import { readText, writeFileAtomically } from '../files/records.ts';

/** Keeps texts in files named by their hash, so keeping a text again changes nothing. */
export const folderTexts = ({ root }: { root: string }): Texts => {
  const fileOf = (hash: string) => path.join(foldersOf(root).texts, hash);
  return {
    async keep(text) {
      const hash = hashOf(text);
      if ((await readText(fileOf(hash))) === undefined) await writeFileAtomically(fileOf(hash), text);
      return hash;
    },
    read: async (hash) => (/^[0-9a-f]{64}$/.test(hash) ? readText(fileOf(hash)) : undefined),
  };
};
