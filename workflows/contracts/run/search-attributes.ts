/** The search attributes of runs. The local stack and `doctor --fix` register them. */
export const SEARCH_ATTRIBUTES = {
  GatehouseWorkspace: 'Keyword',
  GatehouseTask: 'Keyword',
  GatehouseRepository: 'Keyword',
  GatehousePipeline: 'Keyword',
  GatehouseStatus: 'Keyword',
  GatehouseStep: 'Keyword',
  GatehousePhase: 'Keyword',
  GatehouseWaitingOn: 'Keyword',
  GatehouseWaitingSince: 'Datetime',
} as const;
