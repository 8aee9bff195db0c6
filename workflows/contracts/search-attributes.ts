/** What runs are found by (contract 8). Registered by the local stack and by `doctor --fix`, from here. */
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
