import { DefaultChatTransport, type UIMessageChunk } from "ai";
import { requestHeaders } from "@/api/client";
import type { VeloMessage } from "@/features/chat/messages";

export interface SendExtras {
  about?: string | null;
  refs?: unknown[];
}

export interface StreamObserver {
  chunk: (chunk: UIMessageChunk) => void;
}

/** Sends only what is new: the server owns the transcript. A lost socket is not a stop; the stream can be joined again. */
export class VeloTransport extends DefaultChatTransport<VeloMessage> {
  private readonly observer: StreamObserver;

  constructor(observer: StreamObserver) {
    super({
      api: "/api/chat",
      headers: requestHeaders("POST", true),
      prepareSendMessagesRequest: ({ id, messages, trigger, messageId, body }) => {
        const message = messages.findLast((m) => m.role === "user");
        return {
          body: {
            id,
            trigger,
            ...(messageId ? { messageId } : {}),
            ...(message ? { message } : {}),
            ...(body?.["about"] ? { about: body["about"] } : {}),
            refs: body?.["refs"] ?? [],
          },
        };
      },
      prepareReconnectToStreamRequest: ({ id }) => ({ api: `/api/chat/${id}/stream` }),
    });
    this.observer = observer;
  }

  protected override processResponseStream(
    stream: ReadableStream<Uint8Array<ArrayBufferLike>>,
  ): ReadableStream<UIMessageChunk> {
    const tap = new TransformStream<UIMessageChunk, UIMessageChunk>({
      transform: (chunk, controller) => {
        this.observer.chunk(chunk);
        controller.enqueue(chunk);
      },
    });
    return super.processResponseStream(stream).pipeThrough(tap);
  }
}
