// The door that the admin socket and the page stand behind: its clock, and famine of descriptors.
#include "net/http_door.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <future>
#include <utility>
#include <vector>

#include "net/listen_socket.h"
#include "tests/net/famine.h"
#include "tests/net/wire_peer.h"

namespace headgate::net {
namespace {

using Tcp = boost::asio::ip::tcp;

TEST(HttpDoorTest, RefusesByWhatWentWrong) {
  namespace http = boost::beast::http;
  EXPECT_EQ(RefusalOf(http::error::body_limit), 413U);
  EXPECT_EQ(RefusalOf(http::error::header_limit), 431U);
  EXPECT_EQ(RefusalOf(http::error::buffer_overflow), 431U);
  EXPECT_EQ(RefusalOf(http::error::bad_method), 400U);
  EXPECT_EQ(RefusalOf(http::error::end_of_stream), 0U);
  EXPECT_EQ(RefusalOf(boost::beast::error::timeout), 0U);
}

TEST(HttpDoorTest, DoesWhatIsDueAlsoWithoutASocket) {
  std::atomic<int> done = 0;
  std::promise<void> thrice;
  HttpDoor<Tcp> door;
  door.Every(std::chrono::milliseconds(2), [&] {
    if (++done == 3) thrice.set_value();
  });
  door.Start([](Tcp::socket&) {});
  EXPECT_EQ(thrice.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
  door.Stop();
  const int then = done;
  EXPECT_GE(then, 3);
}

TEST(HttpDoorTest, GoesOnWithoutDescriptors) {
  auto bound = BindListeners(*ParseEndpoint("127.0.0.1:0"), 1);
  ASSERT_TRUE(bound.ok()) << bound.status();
  std::atomic<int> taken = 0;
  HttpDoor<Tcp> door;
  ASSERT_FALSE(door.Listen(Tcp::v4(), std::move(bound->sockets.front())));
  // Closed, and left to the door to close.
  door.Start([&](Tcp::socket& socket) {
    if (++taken % 2 == 0) door.Close(socket);
  });
  std::array<WirePeer, 3> peers{WirePeer::ConnectTo(ToText(bound->endpoint)),
                                WirePeer::ConnectTo(ToText(bound->endpoint)),
                                WirePeer::ConnectTo(ToText(bound->endpoint))};
  for (WirePeer& peer : peers) EXPECT_TRUE(peer.ReadsEnd());
  Famine famine(AF_INET, 3);
  std::vector<WirePeer> late;
  for (int i = 4; i <= 6; ++i) {
    late.push_back(famine.Connect(ToSocketAddress(bound->endpoint)));
    EXPECT_TRUE(late.back().ReadsEnd());
    EXPECT_EQ(taken, i);
    EXPECT_EQ(famine.TakeAll(), 0U) << "what it gave up for one it has not kept for the next";
  }
  door.Stop();
}

}  // namespace
}  // namespace headgate::net
