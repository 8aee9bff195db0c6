import { mkdir, open } from 'node:fs/promises';
import path from 'node:path';
import type { State } from '../state/state.ts';

/** What ends a command when no worker of its data folder holds it any more. */
export interface Fence {
  /** The file that a worker rewrites while it holds what runs here. */
  file: string;
  /** How long the file may stay the same, in milliseconds. */
  mostMs: number;
}

/** How often the file is looked at, at least, within the time that it may stay the same. */
const POLLS = 12;

const fileIn = (root: string): string => path.join(root, 'held');

/** The fence of commands in a data folder. Undefined while this process does not show that it lives. */
export function fenceIn(root: string, { runners }: Pick<State, 'runners'>): Fence | undefined {
  const { limits } = runners;
  return limits && { file: fileIn(root), mostMs: limits.fenceMs };
}

/**
 * Proves that a worker of this data folder holds what runs in it. The file is rewritten in place, so that a full disk does not
 * end jobs.
 */
export async function hold(root: string): Promise<void> {
  const text = `${Date.now()}`.padEnd(15) + '\n';
  const file = fileIn(root);
  await mkdir(root, { recursive: true });
  const handle = await open(file, 'r+').catch((failure: NodeJS.ErrnoException) => {
    if (failure.code !== 'ENOENT') throw failure;
    return open(file, 'w');
  });
  try {
    await handle.write(text, 0);
  } finally {
    await handle.close();
  }
}

/** The supervisor's arguments: the pause between two polls, in milliseconds, the file, and how many polls it may stay the same. */
export function fenceArguments(fence: Fence | undefined, longestPauseMs: number): { pauseMs: number; held: string[] } {
  if (!fence) return { pauseMs: longestPauseMs, held: [] };
  const pauseMs = Math.min(longestPauseMs, fence.mostMs / POLLS);
  return { pauseMs, held: [fence.file, String(Math.floor(fence.mostMs / pauseMs))] };
}
