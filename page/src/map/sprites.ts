/** Words as pictures: measured once, drawn once with a rim that sets them off, and then copied. */

import { visible } from "../common/text";

const LONGEST = 22; // characters
const KEPT = 3000;
const RIM = 3;

export interface Style {
  strong: boolean;
  colour: string;
}

export class Sprites {
  private readonly shownWords = new Map<string, string>();
  private readonly widths = new Map<string, number>();
  private readonly pictures = new Map<string, HTMLCanvasElement>();
  private readonly ruler: CanvasRenderingContext2D | null;
  private family = "sans-serif";
  private rim = "white";
  private ratio = 1;

  constructor() {
    this.ruler = document.createElement("canvas").getContext("2d");
  }

  /** Forget all pictures: the font, the background or the pixels are other ones. */
  reset(family: string, rim: string, ratio: number) {
    this.family = family;
    this.rim = rim;
    this.ratio = ratio;
    this.widths.clear();
    this.pictures.clear();
  }

  /** What stands for a word: nothing in it is unseen, and a long one is cut. */
  shown(word: string): string {
    let text = this.shownWords.get(word);
    if (text === undefined) {
      if (this.shownWords.size > 20 * KEPT) this.shownWords.clear();
      text = cut([...visible(word.slice(0, 10 * LONGEST))]);
      this.shownWords.set(word, text);
    }
    return text;
  }

  height(strong: boolean): number {
    return strong ? 18 : 16;
  }

  width(text: string, strong: boolean): number {
    const key = `${strong}${text}`;
    let width = this.widths.get(key);
    if (width === undefined && this.ruler) {
      if (this.widths.size > 20 * KEPT) this.widths.clear();
      this.ruler.font = this.font(strong);
      width = Math.ceil(this.ruler.measureText(text).width) + 2 * RIM;
      this.widths.set(key, width);
    }
    return width ?? 0;
  }

  draw(context: CanvasRenderingContext2D, text: string, style: Style, left: number, top: number) {
    const picture = this.picture(text, style);
    const { ratio } = this;
    context.drawImage(picture, left, top, picture.width / ratio, picture.height / ratio);
  }

  private font(strong: boolean): string {
    return `${strong ? "600 13px" : "12px"} ${this.family}`;
  }

  private picture(text: string, { strong, colour }: Style): HTMLCanvasElement {
    const key = `${strong}${colour}${text}`;
    const known = this.pictures.get(key);
    if (known) return known;
    if (this.pictures.size > KEPT) this.pictures.clear();
    const picture = document.createElement("canvas");
    picture.width = Math.ceil(this.width(text, strong) * this.ratio);
    picture.height = Math.ceil(this.height(strong) * this.ratio);
    const context = picture.getContext("2d");
    if (context) {
      context.scale(this.ratio, this.ratio);
      context.font = this.font(strong);
      context.textBaseline = "middle";
      context.lineJoin = "round";
      context.lineWidth = RIM;
      context.strokeStyle = this.rim;
      context.fillStyle = colour;
      const middle = this.height(strong) / 2 + 0.5;
      context.strokeText(text, RIM, middle);
      context.fillText(text, RIM, middle);
    }
    this.pictures.set(key, picture);
    return picture;
  }
}

function cut(characters: string[]): string {
  if (characters.length <= LONGEST) return characters.join("");
  return `${characters.slice(0, LONGEST - 1).join("")}…`;
}
