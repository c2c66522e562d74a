#include "policies/kept_event.h"

#include <utility>
#include <variant>

namespace headgate {
namespace {

std::string_view Own(std::string& place, std::string_view text) {
  place = text;
  return place;
}

}  // namespace

KeptEvent::KeptEvent(const EngineEvent& event, Told told, std::size_t most_text)
    : event_(event), told_(std::move(told)) {
  if (auto* login = std::get_if<event::Login>(&event_.what)) Keep(login->claim);
  if (auto* change = std::get_if<event::ChangeUser>(&event_.what)) Keep(change->claim);
  if (auto* command = std::get_if<event::Command>(&event_.what)) Keep(command->facts, most_text);
  if (auto* ban = std::get_if<event::Ban>(&event_.what)) ban->reason = Own(a_, ban->reason);
  if (auto* good = std::get_if<event::KnownGoodRestored>(&event_.what)) {
    if (good->records != nullptr) records_ = *good->records;
    good->records = &records_;
  }
  if (auto* bans = std::get_if<event::BansRestored>(&event_.what)) {
    if (bans->bans != nullptr) bans_ = *bans->bans;
    bans->bans = &bans_;
  }
}

void KeptEvent::Keep(LoginClaim& claim) {
  claim.user = Own(a_, claim.user);
  claim.database = Own(b_, claim.database);
  claim.subject = Own(c_, claim.subject);
}

void KeptEvent::Keep(CommandFacts& facts, std::size_t most_text) {
  if (facts.sql.size() > most_text) {
    facts.sql = facts.sql.substr(0, most_text);
    facts.complete = false;
  }
  facts.sql = Own(a_, facts.sql);
  if (facts.prepared != nullptr) {
    prepared_ = *facts.prepared;
    facts.prepared = &prepared_;
  }
  if (facts.glance != nullptr) {
    glance_ = *facts.glance;
    glance_.text = Own(b_, glance_.text);
    facts.glance = &glance_;
  }
}

std::size_t KeptEvent::bytes() const {
  return sizeof(KeptEvent) + a_.size() + b_.size() + c_.size() +
         records_.size() * sizeof(KnownGoodRecord) + bans_.size() * sizeof(BanRecord) +
         told_.woke.size() * sizeof(Wakeup) + told_.decided.size() * sizeof(Decided);
}

}  // namespace headgate
