import type { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../../workflows/contracts/run/search-attributes.ts';

/** Temporal's IndexedValueType, by number (temporal/api/enums/v1/common.proto). */
const TYPE_OF = { Keyword: 2, Datetime: 6 };

/** Returns the search attributes that the namespace lacks. */
export async function missingAttributes(connection: Connection, namespace: string): Promise<string[]> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return Object.keys(SEARCH_ATTRIBUTES).filter((name) => !(name in (customAttributes ?? {})));
}

/** Registers the missing search attributes. Existing ones stay as they are. */
export async function registerAttributes(connection: Connection, namespace: string): Promise<string[]> {
  const missing = await missingAttributes(connection, namespace);
  if (missing.length > 0) {
    const types = missing.map((name) => [name, TYPE_OF[SEARCH_ATTRIBUTES[name as keyof typeof SEARCH_ATTRIBUTES]]]);
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(types) });
  }
  return missing;
}
