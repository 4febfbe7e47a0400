// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

// Vectors for Noise_XX_25519_ChaChaPoly_SHA256. "empty" and "payloads" are those of github.com/flynn/noise, "cacophony"
// of github.com/haskell-cryptography/cacophony; the two of the libp2p handshake were derived for this project.

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace libp2p::noise::test {

struct Message {
    std::string_view payload;
    std::string_view ciphertext;
};

/// The first three messages are the handshake; what follows is transport. All in hexadecimal.
struct Vector {
    std::string_view name;
    std::string_view prologue;
    std::string_view initiator_static;
    std::string_view responder_static;
    std::string_view initiator_ephemeral;
    std::string_view responder_ephemeral;
    std::string_view handshake_hash;  ///< empty where the source has none
    bool initiator_sends_first;       ///< of the transport messages; then they take turns
    std::vector<Message> messages;
};

inline const std::vector<Vector> kVectors = {
    {"empty",
     "",
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
     "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
     "4142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f60",
     "",
     true,
     {
         {"", "358072d6365880d1aeea329adf9121383851ed21a28e3b75e965d0d2cd166254"},
         {"",
          "64b101b1d0be5a8704bd078f9895001fc03e8e9f9522f188dd128d9846d484663414af878d3e46a2f58911a816d6e834"
          "6d4ea17a6f2a0bb4ef4ed56c133cff4560a34e36ea82109f26cf2e5a5caf992b608d55c747f615e5a3425a7a19eefb8f"},
         {"",
          "87f864c11ba449f46a0a4f4e2eacbb7b0457784f4fca1937f572c93603e9c4d97e5ea11b16f3968710b23a3be3202dc1"
          "b5e1ce3c963347491e74f5c0768a9b42"},
         {"79656c6c6f777375626d6172696e65", "a52ef02ba60e12696d1d6b9ef4245c88fca757b6134ad6e76b56e310a6adf6"},
         {"7375626d6172696e6579656c6c6f77", "2445aa438ebd649281c636cc7269ca82f1d9023d72520943aeabf909cdf521"},
     }},
    {"payloads",
     "",
     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
     "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
     "4142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f60",
     "",
     true,
     {
         {"746573745f6d73675f30", "358072d6365880d1aeea329adf9121383851ed21a28e3b75e965d0d2cd166254746573745f6d73675f30"
         },
         {"746573745f6d73675f31",
          "64b101b1d0be5a8704bd078f9895001fc03e8e9f9522f188dd128d9846d484663414af878d3e46a2f58911a816d6e834"
          "6d4ea17a6f2a0bb4ef4ed56c133cff4572e7a2ba5123ac30618b3d205f5c2d17f50cbca216483ac56bcc78e33bf52030"
          "3278db641e5e731b2e3a"},
         {"746573745f6d73675f32",
          "87f864c11ba449f46a0a4f4e2eacbb7b0457784f4fca1937f572c93603e9c4d9f27e318e43ba630594c4d08eeb3b36d9"
          "7c7377a2f4f9144b2f0c8095ad92140505b2ab53eff244b14138"},
         {"79656c6c6f777375626d6172696e65", "a52ef02ba60e12696d1d6b9ef4245c88fca757b6134ad6e76b56e310a6adf6"},
         {"7375626d6172696e6579656c6c6f77", "2445aa438ebd649281c636cc7269ca82f1d9023d72520943aeabf909cdf521"},
     }},
    {"cacophony",
     "4a6f686e2047616c74",
     "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1",
     "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893",
     "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a",
     "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b",
     "c8e5f64e846193be2a834104c2a009868d6c9f3bd3c186299888b488b2f1f58e",
     false,
     {
         {"4c756477696720766f6e204d69736573",
          "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79444c756477696720766f6e204d69736573"},
         {"4d757272617920526f746862617264",
          "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f14480884381cbad1f276e038c48378ffce2b65285"
          "e08d6b68aaa3629a5a8639392490e5b9bd5269c2f1e4f488ed8831161f19b7815528f8982ffe09be9b5c412f8a0db50f"
          "8814c7194e83f23dbd8d162c9326ad"},
         {"462e20412e20486179656b",
          "c7195ffacac1307ff99046f219750fc47693e23c3cb08b89c2af808b444850a80ae475b9df0f169ae80a89be0865b57f"
          "58c9fea0d4ec82a286427402f113e4b6ae769a1d95941d49b25030"},
         {"4361726c204d656e676572", "96763ed773f8e47bb3712f0e29b3060ffc956ffc146cee53d5e1df"},
         {"4a65616e2d426170746973746520536179", "3e40f15f6f3a46ae446b253bf8b1d9ffb6ed9b174d272328ff91a7e2e5c79c07f5"},
         {"457567656e2042f6686d20766f6e2042617765726b",
          "eb3f3515110702e047a6c9da4478b6ead94873c11c0f2d710ddb3f09fce024b3a58502ae3f"},
     }},
};

/// A whole libp2p handshake: identity seeds of 32 times a1 (initiator) and b2 (responder), Noise keys as in "empty",
/// framed.
struct Libp2pVector {
    std::string_view name;
    std::vector<std::string> initiator_muxers;
    std::vector<std::string> responder_muxers;
    std::string_view responder_payload;
    std::string_view initiator_payload;
    std::array<std::string_view, 3> handshake;  ///< frames
    std::array<std::string_view, 2> transport;  ///< "hello from initiator", "hello from responder"
    std::string_view handshake_hash;
    std::string_view initiator_key;  ///< of what the initiator sends
    std::string_view responder_key;
};

inline constexpr std::string_view kInitiatorPeer = "12D3KooWNW98jY6oC8EEaFFbYCc24HPRaNAJaEY7eiAvspiAgFak";
inline constexpr std::string_view kResponderPeer = "12D3KooWFYVfnFKGTuL9KRfpGHyJXC48zqmwZnRLMiUcNGmGPA8E";

inline const std::vector<Libp2pVector> kLibp2pVectors = {
    {"plain",
     {},
     {},
     "0a240801122055154f42065ea5a1bea05463826be2684eb92df92c100027aabaae57ca5542071240ffed1b149d27ff36"
     "62702c8346cb99433124debe6388734452a8fae13158074cc2b9675e9ca48069c0ea3c6310f96cdcf686fdf906865ce2"
     "8844317915a5080a",
     "0a2408011220bc7cbcb5636375fa1d82434d466724d92377f53b980695dd49d26d0ce12205a51240622612e61b4d01b5"
     "4b091bb707a6243b210a3bcbfa3004a3244228241af265b3b5e14c96e499099dd0345c5741c8cff6bc1884d638ff3943"
     "93c7bc829cdac10d",
     {"0020358072d6365880d1aeea329adf9121383851ed21a28e3b75e965d0d2cd166254",
      "00c864b101b1d0be5a8704bd078f9895001fc03e8e9f9522f188dd128d9846d484663414af878d3e46a2f58911a816d6"
      "e8346d4ea17a6f2a0bb4ef4ed56c133cff4560a34e36ea82109f26cf2e5a5caf992b8b4dc7d75b051cb77bbf2e62d08e"
      "edfdfcde66f5ef77115484d6cbcdccfa8223d3055e87061487e8a8fe2f65d08e36f70d73c78eb43dd418f068d0e2109b"
      "4728643b97b08374d9eb83c348719f46c34ee85399cdffea25aa04e78d73c9c0e6853f036dee7a69035be636b24f5b29"
      "354dcfb662377fac02f0",
      "00a887f864c11ba449f46a0a4f4e2eacbb7b0457784f4fca1937f572c93603e9c4d9d6241005777450e5505787e16e43"
      "5e7802320cd7b9b4db50cc8b015d2968ba625f1c7d4ab9d226dfe807102cb78dc3371d4f186fbbbe5ce11c71b7fc184d"
      "717f7538aa73c53ba8319f808bba167d33a7b8ca9d4c7e981d761b37a7e56874452070e0d139927e544994f367c64538"
      "d066d18027f6547aa580379a49c4d9c03b801da5f1b4ee409817"},
     {"0024b42ef02ba659076e601d2a85f3234d0bd6f2fd25969bc32b21039ef0ceba3b05891dea19",
      "00243f55a44280ef6b8e8bd273d27b75cdbf5e2655a3e0cafaa6702e3a8db5ecde071cf6a875"},
     "fe775f2fb60af7473fcae11a63eb4eec8ca4f84fb1f144c04229dfc44cd6867e",
     "4759d15f0f4cfb9c3cef133e60b44ea3479cae90880a7e71df96f111d78d5953",
     "a8b5dce3cef845d63c9671c350eb15cbb50b6c6d5f0d3231d32d711dab1ed191"},
    {"muxers",
     {"/yamux/1.0.0", "/mplex/6.7.0"},
     {"/yamux/1.0.0"},
     "0a240801122055154f42065ea5a1bea05463826be2684eb92df92c100027aabaae57ca5542071240ffed1b149d27ff36"
     "62702c8346cb99433124debe6388734452a8fae13158074cc2b9675e9ca48069c0ea3c6310f96cdcf686fdf906865ce2"
     "8844317915a5080a220e120c2f79616d75782f312e302e30",
     "0a2408011220bc7cbcb5636375fa1d82434d466724d92377f53b980695dd49d26d0ce12205a51240622612e61b4d01b5"
     "4b091bb707a6243b210a3bcbfa3004a3244228241af265b3b5e14c96e499099dd0345c5741c8cff6bc1884d638ff3943"
     "93c7bc829cdac10d221c120c2f79616d75782f312e302e30120c2f6d706c65782f362e372e30",
     {"0020358072d6365880d1aeea329adf9121383851ed21a28e3b75e965d0d2cd166254",
      "00d864b101b1d0be5a8704bd078f9895001fc03e8e9f9522f188dd128d9846d484663414af878d3e46a2f58911a816d6"
      "e8346d4ea17a6f2a0bb4ef4ed56c133cff4560a34e36ea82109f26cf2e5a5caf992b8b4dc7d75b051cb77bbf2e62d08e"
      "edfdfcde66f5ef77115484d6cbcdccfa8223d3055e87061487e8a8fe2f65d08e36f70d73c78eb43dd418f068d0e2109b"
      "4728643b97b08374d9eb83c348719f46c34ee85399cdffea25aa04e78d73c9c0e6853f036dee7a69035b94216610cafd"
      "32b1ac73bf9b837316a684c70336cc5a68038b7c7e27dec4ed9c",
      "00c687f864c11ba449f46a0a4f4e2eacbb7b0457784f4fca1937f572c93603e9c4d9db233300d6f4ef2bbb34f56a5217"
      "edfb02320cd7b9b4db50cc8b015d2968ba625f1c7d4ab9d226dfe807102cb78dc3371d4f186fbbbe5ce11c71b7fc184d"
      "717f7538aa73c53ba8319f808bba167d33a7b8ca9d4c7e981d761b37a7e56874452070e0d139927e544994f367c64538"
      "d066d18027f6547aa5808cae9debef6fdb1c510dfc961b06f8a7973bfe1ab4e24eec59c1774f0fdff3d0d1504b177f1c"
      "6d29aae4e0f7eb09"},
     {"0024b42ef02ba659076e601d2a85f3234d0bd6f2fd25969bc32b21039ef0ceba3b05891dea19",
      "00243f55a44280ef6b8e8bd273d27b75cdbf5e2655a3e0cafaa6702e3a8db5ecde071cf6a875"},
     "b0377584d8106bc87f20158a4d7751060642c80c15f0fb4c20735c07bde95514",
     "4759d15f0f4cfb9c3cef133e60b44ea3479cae90880a7e71df96f111d78d5953",
     "a8b5dce3cef845d63c9671c350eb15cbb50b6c6d5f0d3231d32d711dab1ed191"},
};

}  // namespace libp2p::noise::test
