/** How the drill's runs get at the emulated account. */
export const accountId = 66847;
export const token = "drill-token-0123456789";
