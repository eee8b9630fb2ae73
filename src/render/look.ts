/** What a renderer of terminal text is told about the place where it will be read. */
import type { Style } from "./style.js";

export interface Look {
  readonly style: Style;
  /** Cells in a line. */
  readonly width: number;
}
