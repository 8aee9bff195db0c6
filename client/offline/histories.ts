import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

/** A history as the `temporal` command would print it: what replay reads, here and elsewhere. */
export const historyToJson = (history: Parameters<typeof historyToJSON>[0]): string => historyToJSON(history);
