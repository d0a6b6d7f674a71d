// gateway/command/command_pub_stored.cpp: `tidegate pub --state FILE`: each message is in the file before it is sent, and what a
// call leaves there, the next one delivers, whatever ended it. Not here: the messages' source and properties (command_pub.cpp).
#include <unistd.h>

#include <utility>

#include "gateway/clock.hpp"
#include "gateway/command/command_pub.hpp"
#include "gateway/command/command_store.hpp"
#include "gateway/delivery/delivery.hpp"

namespace gateway {
namespace {

constexpr std::size_t messages_a_commit = 500;

class stored_publisher {
public:
    stored_publisher(broker_settings how, const message_form& form, message_source source)
        : form_(form),
          source_(std::move(source)),
          link_(std::move(how), "tidegate pub",
                {[this](const mqtt::effect& what) { on_effect(what); },
                 [](const mqtt::received&, std::int64_t) { return true; },  // nobody asked for any
                 [this] { pump(); }, [this] { return unfinished("interrupted"); },
                 [this] { return unfinished("--timeout has passed"); }}),
          delivery_(link_.session(), link_.state()->found().last) {}

    int run() {
        take_in();
        const int code = link_.run(broker_link::when_lost::give_up);
        if (code == 0 || explained_) return code;
        // Nobody stopped it, there is only no broker: what is still to come is for the next call.
        while (!source_.is_at_end() && take_batch()) source_.read();
        unfinished("not delivered");
        return code;
    }

private:
    /// Also without a connection: that is what the file is for.
    void take_in() {
        if (!take_batch()) return;
        if (waiting_ || source_.is_at_end()) return;
        waiting_ = true;
        link_.when_readable(STDIN_FILENO, [this] {
            waiting_ = false;
            source_.read();
            take_in();
            pump();
            link_.flush();
        });
    }

    /// All that the source has now. False: it can't be kept.
    bool take_batch() {
        for (;;) {
            std::vector<store::message> batch;
            while (batch.size() < messages_a_commit) {
                auto text = source_.next();
                if (!text) break;
                batch.push_back(form_.of(std::move(*text)));
                batch.back().taken = stamp_now();
            }
            if (batch.empty()) return true;
            if (!keep(std::move(batch))) return false;
        }
    }

    bool keep(std::vector<store::message> batch) {
        const bool fresh = delivery_.takes_fresh();
        store::transaction work;
        work.append = batch;
        work.handed_out = fresh;
        const auto done = link_.state()->queue().commit(work);
        if (!done || done->refused > 0) {
            link_.say(done ? "the state file is full" : words_of(done.error()));
            link_.leave(1);
            return false;
        }
        delivery_.on_committed(*done, std::move(batch), fresh);
        return true;
    }

    void pump() {
        delivery_.pump(command_now(), stamp_now());
        while (const auto read = delivery_.wanted()) {
            auto found = link_.state()->queue().read(read->from, read->messages, read->bytes);
            if (!found) {
                link_.say(words_of(found.error()));
                return link_.leave(1);
            }
            delivery_.on_read(read->from, std::move(*found));
            delivery_.pump(command_now(), stamp_now());
        }
        if (source_.is_at_end() && link_.session().is_online() && delivery_.drained()) link_.leave(refused_ == 0 ? 0 : 1);
    }

    void on_effect(const mqtt::effect& what) {
        if (const auto* const no = std::get_if<mqtt::message_refused>(&what)) {
            ++refused_;
            link_.say("the broker takes no such message: " + no->reason);
        }
        if (std::holds_alternative<mqtt::offline>(what)) delivery_.on_offline();
        if (std::holds_alternative<mqtt::save>(what)) pump();
    }

    int unfinished(const char* why) {
        explained_ = true;
        const auto queued = link_.state()->queue().ledger().queued;
        if (queued > 0)
            link_.say(std::string(why) + ": " + std::to_string(queued) + (queued == 1 ? " message is" : " messages are") +
                      " kept in the state file; the next call delivers what is there");
        return 1;
    }

    const message_form& form_;
    message_source source_;
    bool waiting_ = false;
    bool explained_ = false;
    std::uint64_t refused_ = 0;
    broker_link link_;
    delivery delivery_;
};

}  // namespace

int publish_stored(broker_settings how, const message_form& form, message_source source) {
    return stored_publisher(std::move(how), form, std::move(source)).run();
}

}  // namespace gateway
