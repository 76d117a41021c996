// Pixels of an image.

export interface ImageShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}
