// "help", "what can you do", "hello"
#include "assistant/language/intents/intent.h"

namespace velo::language {

std::optional<Reply> ReadHelp(const Utterance& utterance) {
  size_t words = utterance.sentence.tokens.size();
  bool help = utterance.Has(
      "help|what can you do|what can i do|what can i ask|who are you|what are you|how do i start|get started|getting "
      "started|what now|what should i do|what next|any suggestions|do you need an api key|which formats|supported "
      "formats|which sources are supported");
  bool greeting = words <= 3 && utterance.Has("hello|hi|hey|good morning|good evening|howdy|thanks|thank you|cheers");
  if (!greeting && (!help || words > 12 || utterance.NamedSource() != nullptr)) return std::nullopt;
  if (utterance.Has("thanks|thank you|cheers")) return TextReply("help", "You are welcome.");
  std::string text =
      "I turn words into streaming SQL over your files and topics, check it against the real columns and run it. You "
      "can open a file, look at its columns and rows, "
      "ask for figures, and then change the query in words. No key and no server are needed.";
  if (utterance.Has("which formats|supported formats|which sources are supported")) {
    text =
        "Files as CSV, JSON, JSON Lines or Parquet, also packed with gz or zst, as single files, globs or folders; and "
        "the embedded topics.";
  }
  Reply reply = TextReply("help", text);
  reply.follow_ups = Examples(utterance, 3);
  return reply;
}

}  // namespace velo::language
