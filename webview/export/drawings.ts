import type { PictureFormat, PictureName } from "../../src/panel/messages/messages.ts";
import type { EditorHost } from "../host.ts";
import { t } from "../text.ts";
import type { Picture } from "./picture.ts";

/** A picture that the editor asked for. */
interface Drawing {
  readonly id: number;
  readonly view: PictureName;
  readonly format: PictureFormat;
}

/** What pictures are made of. */
export interface Drawn {
  /** Undefined while a view has nothing to draw; `later` while its figures are under way. */
  picture(view: PictureName): Picture | "later" | undefined;
  render(picture: Picture, format: PictureFormat): Promise<Uint8Array>;
}

/** Draws views as pictures for the editor; those whose figures are under way when these have come. */
export class Drawings {
  readonly #host: EditorHost;
  readonly #drawn: Drawn;
  readonly #waiting: Drawing[] = [];

  constructor(host: EditorHost, drawn: Drawn) {
    this.#host = host;
    this.#drawn = drawn;
  }

  draw(drawing: Drawing): void {
    const picture = this.#drawn.picture(drawing.view);
    if (picture === "later") this.#waiting.push(drawing);
    else void this.#answer(drawing, picture);
  }

  /** Figures have come. */
  retry(): void {
    for (const drawing of this.#waiting.splice(0)) this.draw(drawing);
  }

  async #answer({ id, format }: Drawing, picture: Picture | undefined): Promise<void> {
    const post = (result: Uint8Array | string) => this.#host.post({ type: "drawn", id, result });
    try {
      post(picture === undefined ? t("There is nothing to draw yet.") : await this.#drawn.render(picture, format));
    } catch (error) {
      post(error instanceof Error ? error.message : String(error));
    }
  }
}
